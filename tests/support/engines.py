"""The databases under test: source tables go in as Segment-style rows, published tables come out."""

import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path

import duckdb
import jinja2
import psycopg2
import yaml

SOURCE_SCHEMA = "segment"
SEED_SCHEMA = "seeds"
# A query that takes this long on so little data has a plan that would never end on real data.
STATEMENT_TIMEOUT_SECONDS = 90


def place_of(collection) -> tuple[str, str]:
    """Schema and table of a collection, or of one of its places: see Database.load."""
    return collection[1].split(".") if isinstance(collection, tuple) else (SOURCE_SCHEMA, collection)


def column_type(value) -> str:
    """The SQL type, the same on both engines, of a column that first held this value."""
    if isinstance(value, datetime):
        return "timestamp" if value.tzinfo is None else "timestamptz"
    return {str: "text", bool: "boolean", int: "bigint", float: "double precision"}[type(value)]


def quoted_name(name) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def new_columns(rows, known) -> dict[str, str]:
    """Column -> type of those that the rows need and the table lacks.

    As in a warehouse, a column begins to exist with its first value; only `id` is always there.
    """
    found = {} if "id" in known else {"id": "text"}
    for row in rows:
        for column, value in row.items():
            if value is not None and column not in known:
                found.setdefault(column, column_type(value))
    return found


def naive_utc(value):
    """A time as a datetime without zone in UTC; any other value as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value


class Database:
    """What the two engines have in common.

    `target` is the dbt target, `environment` the variables that lead dbt to this database, `loaded_seeds` what the seed files
    held when it got them, None when it may have others or none.
    """

    target = ""

    def __init__(self):
        self.environment = {}
        self.loaded_seeds = None

    def load(self, collection, rows):
        """Append raw rows to a source table; the table and its columns appear when first needed.

        collection: its name, or (collection, schema.table) for one of several places. rows: dicts by column name; a column that is
        missing or None is null.
        """
        rows = list(rows)
        if not rows:
            return
        schema, table = place_of(collection)
        self.execute(f"create schema if not exists {schema}")
        self.execute(f"create table if not exists {schema}.{table} (id text)")
        known = self.column_types(schema, table)
        for column, sql_type in new_columns(rows, known).items():
            if column not in known:
                self.execute(f'alter table {schema}.{table} add column {quoted_name(column)} {sql_type}')
                known[column] = sql_type
        columns = [column for column in known if any(row.get(column) is not None for row in rows)]
        self.append(f"{schema}.{table}", {column: known[column] for column in columns or ["id"]}, rows)

    def column_types(self, schema, table) -> dict[str, str]:
        """Column -> type as the database calls it, in order; empty if there is no such table."""
        found = self.query(
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position")
        return {row["column_name"]: row["data_type"].lower() for row in found}

    def schemas(self) -> list[str]:
        """Names of the schemas that are not the engine's own."""
        found = self.query("select distinct schema_name from information_schema.schemata order by 1")
        names = [row["schema_name"] for row in found]
        return [n for n in names if n not in ("information_schema", "main", "public") and not n.startswith("pg_")]

    @contextmanager
    def connected(self):
        """Several methods at once use the same connection inside."""
        yield

    def fetch(self, table, columns="*") -> list[dict]:
        """All rows of schema.table; times as naive UTC datetimes."""
        return self.query(f"select {columns} from {table}")

    def reset(self):
        """Leave the database empty except for its seeds."""
        with self.connected():
            for schema in self.schemas():
                if schema != SEED_SCHEMA or self.loaded_seeds is None:
                    self.execute(f'drop schema "{schema}" cascade')

    def close(self):
        """Give up the connection, and the database if it was made here."""


@contextmanager
def held_by_another(path: Path, read_only=False):
    """A file of DuckDB while another process has it open, for writing or only to read: that process."""
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(path), *(["read only"] if read_only else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        try:
            yield process
        finally:
            process.stdin.close()


class DuckDB(Database):
    """A file. It is open only while a method runs, because dbt needs it for itself."""

    target = "duckdb"

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder
        self.path = folder / "signup_attribution.duckdb"
        self.environment = {"SIGNUP_ATTRIBUTION_DUCKDB": str(self.path), "SIGNUP_ATTRIBUTION_MEMORY": "2GB"}
        self.connection = None

    @contextmanager
    def connected(self):
        """The connection of a method that is running, or else one for a while: opening the file takes longer than using it."""
        if self.connection:
            yield self.connection
            return
        self.connection = duckdb.connect(str(self.path))
        try:
            yield self.connection
        finally:
            self.connection.close()
            self.connection = None

    def execute(self, sql):
        with self.connected() as connection:
            connection.execute(sql)

    def query(self, sql) -> list[dict]:
        with self.connected() as connection:
            result = connection.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, map(naive_utc, row))) for row in result.fetchall()]

    def load(self, collection, rows):
        with self.connected():
            super().load(collection, rows)

    def append(self, table, columns, rows):
        """Through a file, because inserting row by row takes a millisecond each."""
        path = self.folder / "rows.json"
        with open(path, "w", encoding="utf-8") as file:
            for row in rows:
                json.dump({column: row.get(column) for column in columns}, file, default=datetime.isoformat)
                file.write("\n")
        types = ", ".join(f"{quoted_name(column)}: '{sql_type}'" for column, sql_type in columns.items())
        self.execute(f"insert into {table} by name select * from read_json('{path}', "
                     f"format = 'newline_delimited', columns = {{{types}}})")

    def reset(self):
        for path in self.path.parent.glob(f"{self.path.stem}*.published*"):
            path.unlink()  # the files that readers have
        if self.loaded_seeds is None:
            for path in (self.path, Path(f"{self.path}.wal")):
                path.unlink(missing_ok=True)
        else:
            super().reset()


class Postgres(Database):
    """A new database of the server that PGHOST names."""

    target = "postgres"

    def __init__(self):
        super().__init__()
        self.name = f"test_{uuid.uuid4().hex[:12]}"
        self.administer(f"create database {self.name}")
        options = f"{os.environ.get('PGOPTIONS', '')} -c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s"
        self.environment = {"PGDATABASE": self.name, "PGOPTIONS": options.strip()}
        self.connection = psycopg2.connect(dbname=self.name)
        self.connection.autocommit = True

    def administer(self, sql):
        connection = psycopg2.connect(dbname=os.environ.get("PGDATABASE", "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
        connection.close()

    def execute(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def query(self, sql) -> list[dict]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, map(naive_utc, row))) for row in cursor.fetchall()]

    def append(self, table, columns, rows):
        lines = StringIO()
        for row in rows:
            lines.write("\t".join(copy_text(row.get(column)) for column in columns) + "\n")
        lines.seek(0)
        names = ", ".join(map(quoted_name, columns))
        with self.connection.cursor() as cursor:
            cursor.copy_expert(f"copy {table} ({names}) from stdin", lines)

    def close(self):
        self.connection.close()
        self.administer(f"drop database if exists {self.name} with (force)")


class Spark(Database):
    """Iceberg tables in a folder, in a Spark session of this process, which dbt uses too. jar: Iceberg's runtime."""

    target = "spark"
    TYPES = {str: "string", bool: "boolean", int: "bigint", float: "double"}
    # Hardly any row is worth code of its own, and no code runs often enough to be compiled well.
    FOR_FEW_ROWS = {"spark.sql.codegen.wholeStage": "false", "spark.sql.ui.retainedExecutions": "5",
                    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"}

    def __init__(self, folder: Path, jar: Path):
        super().__init__()
        self.environment = {"SIGNUP_ATTRIBUTION_WAREHOUSE": str(folder), "SIGNUP_ATTRIBUTION_ICEBERG_JAR": str(jar)}

    def session(self):
        """The session: whoever asks first starts it, as profiles.yml says."""
        from pyspark.sql import SparkSession

        reader = jinja2.Environment(autoescape=False)
        reader.filters["as_number"] = int
        profiles = reader.from_string(Path(__file__).parents[2].joinpath("profiles.yml").read_text(encoding="utf-8"))
        written = profiles.render(env_var=lambda name, default: self.environment.get(name, os.environ.get(name, default)))
        settings = yaml.safe_load(written)["signup_attribution"]["outputs"]["spark"]["server_side_parameters"]
        return SparkSession.builder.config(map={**settings, **self.FOR_FEW_ROWS}).getOrCreate()

    def execute(self, sql):
        self.session().sql(sql)

    def query(self, sql) -> list[dict]:
        return [{name: naive_utc(value) for name, value in row.asDict().items()} for row in self.session().sql(sql).collect()]

    def column_types(self, schema, table) -> dict[str, str]:
        return {field.name: field.dataType.simpleString() for field in self.session().table(f"{schema}.{table}").schema}

    def schemas(self) -> list[str]:
        return [row["namespace"] for row in self.query("show schemas")]

    def load(self, collection, rows):
        rows = list(rows)
        if not rows:
            return
        schema, table = place_of(collection)
        self.execute(f"create schema if not exists {schema}")
        self.execute(f"create table if not exists {schema}.{table} (id string) using iceberg")
        known = self.column_types(schema, table)
        for column, value in {name: value for row in rows for name, value in row.items() if value is not None}.items():
            if column not in known:
                zone = isinstance(value, datetime) and ("ntz" if value.tzinfo is None else "ltz")
                self.execute(f"alter table {schema}.{table} add column `{column}` {f'timestamp_{zone}' if zone else self.TYPES[type(value)]}")
        columns = self.session().table(f"{schema}.{table}").schema
        values = [tuple(row.get(name) for name in columns.names) for row in rows]
        self.session().createDataFrame(values, columns).coalesce(1).writeTo(f"{schema}.{table}").append()

    def reset(self):
        for schema in self.schemas():
            if schema != SEED_SCHEMA or self.loaded_seeds is None:
                for row in self.query(f"show tables in {schema}"):
                    self.execute(f"drop table {schema}.{row['tableName']} purge")
                self.execute(f"drop schema {schema}")


def copy_text(value) -> str:
    r"""A value as COPY reads it: \N for null, special characters escaped."""
    if value is None:
        return r"\N"
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    for plain, escaped in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        text = text.replace(plain, escaped)
    return text
