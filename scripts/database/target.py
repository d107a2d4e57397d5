"""A target of profiles.yml and its database, for code that does without dbt (whose import takes two seconds)."""

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psycopg2

from common.errors import RefreshError
from common.project import ROOT, Profile, known_target
from database.errors import first_line, is_transient, known_sentence
from database.postgres import open_connection
from database.profiles import read_profile, rendered
from database.spark import SparkConnection

LOCK_APPLICATION = "signup_attribution lock"  # application name of the connection that holds the lock
FOLDERS = ("seeds", "refresh", "partitioning", "this_batch", "aliasing", "sessions_stages", "sessions", "reporting")
ENGINES = ("duckdb", "postgres")  # of all scripts; a refresh also knows Spark
DEFAULT_SCHEMAS = {"duckdb": "main", "postgres": "public", "spark": "main"}


def log_file() -> Path:
    """Where dbt writes its log."""
    return Path(os.environ.get("DBT_LOG_PATH") or ROOT / "logs") / "dbt.log"


@dataclass(frozen=True)
class Target:
    """A target: its name and its settings as dbt would read them."""

    name: str
    settings: dict = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """duckdb, postgres or spark."""
        return self.settings["type"]

    @property
    def file(self) -> Path | None:
        """The DuckDB file; None for PostgreSQL, and for a database that is not a file on this machine."""
        path = str(self.settings.get("path") or ":memory:")
        return None if path.startswith((":memory:", "md:", "motherduck:")) else ROOT / path

    @property
    def threads(self) -> int:
        """How many models at most are built in parallel."""
        return int(self.settings.get("threads") or 1)

    @property
    def memory(self) -> str | None:
        """The memory that DuckDB may use, such as 8GB."""
        return (self.settings.get("settings") or {}).get("memory_limit")

    @property
    def prefix(self) -> str:
        """The prefix of our schemas' names. In SQL: macros/overrides/schema_names.sql."""
        schema = str(self.settings.get("schema") or "")
        return f"{schema}_" if schema and schema != DEFAULT_SCHEMAS[self.engine] else ""

    def schema(self, folder: str) -> str:
        """Name of the schema of a folder of models."""
        return self.prefix + folder

    @property
    def schemas(self) -> dict[str, str]:
        """Folder of models -> name of its schema, for SQL."""
        quote = "`" if self.engine == "spark" else '"'
        return {folder: f"{quote}{self.schema(folder)}{quote}" for folder in FOLDERS}

    def without_secrets(self, text: str) -> str:
        """The text with the password, which must never be written anywhere, replaced by ***."""
        secret = self.settings.get("password") or self.settings.get("pass")
        return text.replace(str(secret), "***") if secret else text

    def connect(self):
        """A new connection (DB-API; PostgreSQL: each statement is a transaction). Raises RefreshError."""
        with database_errors():
            if self.engine == "duckdb":
                return duckdb.connect(str(self.file or self.settings.get("path") or ":memory:"), config=self.settings.get("config_options") or {})
            if self.engine == "spark":
                return SparkConnection(self.settings)
            return open_connection(LOCK_APPLICATION, self.settings)

    @contextmanager
    def connected(self):
        """A connection for a while."""
        with closing(self.connect()) as connection:
            yield connection


def find_target(name: str | None = None, profile: Profile = Profile(), variables: dict | None = None, engines=ENGINES) -> Target:
    """The target of that name in the profile, by default the default one. variables: those passed to dbt. Raises RefreshError."""
    default, outputs = read_profile(profile)
    chosen = known_target(name or default, outputs)
    target = Target(chosen, rendered(outputs[chosen], profile, variables))
    if target.settings.get("type") not in engines:
        raise RefreshError(f"The target {chosen} is of type {target.settings.get('type')}: choose one of type {' or '.join(engines)}.")
    if target.file and {*target.file.name} & {*"'\""}:  # dbt makes it the name of a database
        raise RefreshError("The name of the database file must have no quotes: correct SIGNUP_ATTRIBUTION_DUCKDB.")
    return target


def prefix_of(target: str | None, profile: Profile) -> str:
    """The prefix of this target's schemas. Raises RefreshError.

    By default that of the profile's default target or, if that is not PostgreSQL, of the first that is.
    """
    default, outputs = read_profile(profile)
    servers = [name for name in (default, *outputs) if name in outputs and outputs[name].get("type") == "postgres"]
    return find_target(target or (servers or [None])[0], profile).prefix


def rows(connection, sql: str, values=()) -> list[tuple]:
    """The rows of a statement with %s as the placeholder of values. Raises RefreshError."""
    if isinstance(connection, SparkConnection):
        return connection.rows(sql, values)
    with database_errors():
        if isinstance(connection, duckdb.DuckDBPyConnection):
            return connection.execute(sql.replace("%s", "?"), list(values)).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql, list(values) or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def database_errors():
    """Context manager: turns database errors into RefreshError."""
    try:
        yield
    except (duckdb.Error, psycopg2.Error) as error:
        text, kind = str(error), type(error)
        raise RefreshError(
            known_sentence(text) or f"The database refused this ({first_line(text)}): correct it and run again.",
            is_transient=is_transient(text, f"{kind.__module__}.{kind.__name__}"),
        ) from error


class Stored:
    """The stored tables of a target, on a connection. Queries name schemas as {folder}, other parts likewise, and values as %s."""

    def __init__(self, connection, target: Target):
        self.connection, self.target, self.parts = connection, target, target.schemas

    def ask(self, query: str, *values, **parts) -> list[tuple]:
        """The rows of a query. Raises RefreshError."""
        return rows(self.connection, query.format(**self.parts, **parts), values)

    def has(self, folder: str, table: str) -> bool:
        """Whether there is such a table."""
        if isinstance(self.connection, SparkConnection):
            return self.connection.has(self.target.schema(folder), table)
        found = "select 1 from information_schema.tables where table_schema = %s and table_name = %s"
        return bool(self.ask(found, self.target.schema(folder), table))
