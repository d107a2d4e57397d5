"""The database of a target of profiles.yml, for what the runner does besides dbt."""

import os
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg2

from common.errors import RefreshError
from common.project import ROOT, Profile
from database.errors import first_line, is_transient, known_sentence
from database.profiles import profile_folder, schema_prefix

LOCK_APPLICATION = "signup_attribution lock"  # how the connection that holds the lock names itself


def log_file() -> Path:
    """Where dbt writes its log."""
    return Path(os.environ.get("DBT_LOG_PATH") or ROOT / "logs") / "dbt.log"


@dataclass(frozen=True)
class Target:
    """A target and its connection as dbt understands it: `credentials` is dbt's own object.

    threads: how many models are built in parallel at most.
    """

    name: str
    credentials: object
    threads: int = 1

    @property
    def engine(self) -> str:
        """duckdb or postgres."""
        return self.credentials.type

    @property
    def file(self) -> Path | None:
        """The DuckDB file; None for PostgreSQL, and for a database that is not a file on this machine."""
        path = self.credentials.path if self.engine == "duckdb" else ":memory:"
        return None if path.startswith((":memory:", "md:", "motherduck:")) else Path(path).absolute()

    @property
    def secrets(self) -> list[str]:
        """Texts that must never be written anywhere."""
        return [secret for secret in (getattr(self.credentials, "password", None),) if secret]

    def schema(self, folder: str) -> str:
        """Name of the schema of a folder of models, as the macro project_schema gives it."""
        return schema_prefix(self.engine, self.credentials.schema) + folder

    def table(self, folder: str, name: str) -> str:
        """Name of a table in the schema of a folder of models, for SQL."""
        return f'"{self.schema(folder)}"."{name}"'

    def without_secrets(self, text: str) -> str:
        """The text with each secret replaced by ***."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def connect(self):
        """A new connection (DB-API; PostgreSQL: each statement is a transaction). Raises RefreshError."""
        if self.engine == "duckdb":
            return connect_duckdb(self.credentials)
        return connect_postgres(self.credentials)

    @contextmanager
    def connected(self):
        """A connection for a while."""
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()


def connect_duckdb(credentials):
    with database_errors():
        return duckdb.connect(credentials.path, config=credentials.config_options or {})


def connect_postgres(credentials):
    """Connect the way dbt does, with all options of profiles.yml."""
    from dbt.adapters.contracts.connection import Connection
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    asked = credentials.replace(application_name=LOCK_APPLICATION)
    with database_errors():
        connection = PostgresConnectionManager.open(Connection(type="postgres", name="runner", credentials=asked)).handle
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set search_path to pg_catalog")  # whatever a profile of one's own says
    return connection


def rows(connection, sql: str, values=()) -> list[tuple]:
    """The rows of a statement with %s as the placeholder of values. Raises RefreshError."""
    with database_errors():
        if isinstance(connection, duckdb.DuckDBPyConnection):
            return connection.execute(sql.replace("%s", "?"), list(values)).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql, list(values) or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def database_errors():
    """Context manager: turns database errors into RefreshError."""
    from dbt.adapters.exceptions import FailedToConnectError

    try:
        yield
    except (duckdb.Error, psycopg2.Error, FailedToConnectError) as error:
        text = str(error)
        kind = type(error)
        raise RefreshError(
            known_sentence(text) or f"The database refused this ({first_line(text)}): correct it and run again.",
            is_transient=is_transient(text, f"{kind.__module__}.{kind.__name__}"),
        ) from error


def find_target(name: str, profile: Profile = Profile(), variables: dict | None = None) -> Target:
    """The target of that name in the profile; variables: those that dbt is given. Raises RefreshError when its connection is not well described."""
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(profile_folder(profile)), PROJECT_DIR=str(ROOT)), None)
    try:
        loaded = load_profile(str(ROOT), variables or {}, profile_name_override=profile.name, target_override=name)
    except DbtBaseException as error:
        raise RefreshError(f"The target {name} cannot be used: {first_line(str(error))}: correct profiles.yml or the "
                           "variables it reads.") from error
    if loaded.credentials.type not in ("duckdb", "postgres"):
        raise RefreshError(f"The target {name} is of type {loaded.credentials.type}: choose one of type duckdb or postgres.")
    return Target(name, loaded.credentials, loaded.threads)


def has_table(connection, schema: str, table: str) -> bool:
    """Whether the database has this table."""
    found = "select 1 from information_schema.tables where table_schema = %s and table_name = %s"
    return bool(rows(connection, found, [schema, table]))
