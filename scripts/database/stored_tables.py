"""Read-only access to the stored tables, by plain SQL that all engines understand, without dbt."""

import re
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import available_timezones

import duckdb
import psycopg2

from common.errors import RefreshError
from common.project import ROOT, Profile
from database.errors import first_line, known_sentence
from database.postgres import connected
from database.published import published_file
from database.target import DEFAULT_SCHEMAS, ENGINES, Target, find_target

NOT_YET = "There are no tables yet: run scripts/refresh.py."
UNKNOWN_ID = "Nobody has the id {}: look for it in the table aliases; upper and lower case differ."
HEALTH = "{refresh}.refresh_health"
OUTDATED = "The tables were built by another version of the project: run scripts/refresh.py."


class Tables:
    """Queries on one snapshot of the tables of a target, by a cursor. Schemas are written as {folder} in them, values as %s."""

    def __init__(self, cursor, target: Target):
        self.cursor, self.placeholder = cursor, "?" if target.engine == "duckdb" else "%s"
        self.schemas = target.schemas

    def rows(self, query: str, *values) -> list[dict]:
        """The rows of a query, column -> value; times are UTC without zone. Raises RefreshError."""
        self.cursor.execute(query.format_map(self.schemas).replace("%s", self.placeholder), list(values) or None)
        names = [column[0] for column in self.cursor.description]
        return [dict(zip(names, row)) for row in self.cursor.fetchall()]

    def names(self) -> set[str]:
        """folder.table of all tables and views that exist and may be read."""
        folders = {schema.strip('"'): folder for folder, schema in self.schemas.items()}
        found = self.rows("select table_schema, table_name from information_schema.tables")
        return {f"{folders[row['table_schema']]}.{row['table_name']}" for row in found if row["table_schema"] in folders}

    def is_time_zone(self, name: str) -> bool:
        """Whether the database knows a time zone of this name."""
        return bool(self.rows("select 1 as found from pg_timezone_names() where name = %s", name))


class SparkTables(Tables):
    """The same on Spark, where each query sees the tables as they are then. The view of the health is kept as a query."""

    def rows(self, query, *values):
        if HEALTH in query:
            kept = super().rows("select definition from {refresh}.definitions where name = 'refresh_health'")
            if not kept:
                raise RefreshError(OUTDATED)
            query = query.replace(HEALTH, f"({kept[0]['definition']})")
        return super().rows(query, *values)

    def names(self):
        present = {row["namespace"] for row in self.rows("show schemas")}
        return {"refresh.refresh_health"} | {
            f"{folder}.{row['tableName']}" for folder, schema in self.schemas.items() if schema.strip("`") in present
            for row in self.rows(f"show tables in {schema}")}

    def is_time_zone(self, name):
        return name in available_timezones()  # as Java does


def stored_tables(target: str | None, application: str, published: bool | str = False, profile: Profile = Profile(), not_yet: str = NOT_YET,
                  engines=tuple(DEFAULT_SCHEMAS)):
    """Context manager: the tables of a target of the profile. Raises RefreshError if there is nothing to read.

    application: the name by which others see the connection on PostgreSQL. published: read the readers' file while a
    refresh has DuckDB's work file open, or, if this is 'first', whenever there is one. not_yet: the sentence for missing tables.
    engines: types of target that are allowed.
    """
    found = find_target(target, profile, engines=engines)
    if found.engine == "spark":
        return spark_tables(found, not_yet)
    return duckdb_tables(found, published, not_yet) if found.engine == "duckdb" else postgres_tables(found, application, not_yet)


def check_tables(target: str | None, application: str, profile: Profile = Profile()):
    """Raises RefreshError if there is nothing to read, or MetricFlow does not know the engine."""
    with stored_tables(target, application, profile=profile, engines=ENGINES) as tables:
        tables.rows("select 1 as found from {sessions}.attribution limit 0")


@contextmanager
def postgres_tables(target: Target, application: str, not_yet: str):
    with connected(application, target.settings) as server:
        # One snapshot, so that a refresh that ends in between is seen in all tables or in none.
        server.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
        try:
            yield Tables(server.cursor(), target)
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName) as error:
            raise RefreshError(not_yet) from error
        except psycopg2.errors.UndefinedColumn as error:
            raise RefreshError(OUTDATED) from error
        except psycopg2.errors.InsufficientPrivilege as error:
            raise RefreshError(f"The tables cannot be read ({first_line(str(error))}): "
                               "connect as the role that refreshes.") from error


@contextmanager
def spark_tables(target: Target, not_yet: str):
    with target.connected() as connection:
        try:
            yield SparkTables(connection, target)
        except RefreshError as error:
            cause = str(error.__cause__)
            if re.search("(TABLE_OR_VIEW|SCHEMA)_NOT_FOUND", cause):
                raise RefreshError(not_yet) from error
            if "UNRESOLVED_COLUMN" in cause:
                raise RefreshError(OUTDATED) from error
            raise


def opened(path: Path, readers: Path | None, is_readers_first: bool):
    """A read-only connection to the file or, while that is in use, to the readers' file if there is one. Raises duckdb.Error."""
    try:
        return duckdb.connect(str(readers if is_readers_first and readers and readers.exists() else path), read_only=True)
    except duckdb.IOException:
        if readers and readers.exists():
            return duckdb.connect(str(readers), read_only=True)
        raise


@contextmanager
def duckdb_tables(target: Target, published: bool | str, not_yet: str):
    path = target.file or ROOT / ":memory:"  # which does not exist
    try:
        with opened(path, published_file(path, target.prefix) if published else None, published == "first") as connection:
            yield Tables(connection, target)
    except duckdb.CatalogException as error:
        raise RefreshError(not_yet) from error
    except duckdb.BinderException as error:
        raise RefreshError(OUTDATED) from error
    except duckdb.Error as error:
        text = str(error)
        raise RefreshError(not_yet if "database does not exist" in text else known_sentence(text) or
                           f"{path} cannot be read ({first_line(text)}): correct SIGNUP_ATTRIBUTION_DUCKDB.") from error
