"""Spark, through the connection that dbt-spark opens, so that a profile means here what it means to dbt."""

import re
from datetime import datetime, timedelta

from common.errors import RefreshError
from database.errors import first_line, is_transient

# The queries of scripts are one text for all engines: what Spark says otherwise.
OTHERWISE = {
    r"= any\(%s\)": "in %s",
    r"(\w+) at time zone 'UTC' at time zone %s": r"convert_timezone('UTC', %s, \1)",
    r"extract\(epoch from (\w+) - (\w+)\)": r"(timestampdiff(microsecond, \2, \1) / 1e6)",
}


class SparkConnection:
    """A connection to Spark. Raises RefreshError when there is none."""

    def __init__(self, settings: dict):
        try:
            from dbt.adapters.contracts.connection import Connection
            from dbt.adapters.spark.connections import SparkConnectionManager, SparkCredentials
        except ImportError as error:
            raise RefreshError("A target of type spark needs dbt-spark: install requirements-spark.lock (docs/cluster.md).") from error
        credentials = SparkCredentials.from_dict({name: value for name, value in settings.items() if name not in ("type", "threads")})
        with spark_errors():
            self.handle = SparkConnectionManager.open(Connection("spark", None, credentials)).handle

    def execute(self, sql: str, values=()):
        """Run a statement with %s as the placeholder of values. Raises RefreshError."""
        for text, otherwise in OTHERWISE.items():
            sql = re.sub(text, otherwise, sql)
        with spark_errors():
            self.cursor = self.handle.cursor()
            self.cursor.execute(sql % tuple(map(literal, values)) if values else sql)

    @property
    def description(self):
        """A tuple for each column of the last statement, which begins with its name."""
        return self.cursor.description

    def fetchall(self) -> list[tuple]:
        """The rows of the last statement. The time between two days is a number of days, as elsewhere."""
        with spark_errors():
            return [tuple(value.days if isinstance(value, timedelta) else value for value in row) for row in self.cursor.fetchall() or []]

    def rows(self, sql: str, values=()) -> list[tuple]:
        """The rows of a statement. Raises RefreshError."""
        if sql in ("begin", "commit"):  # a statement is a transaction
            return []
        self.execute(sql, values)
        return self.fetchall()

    def has(self, schema: str, table: str) -> bool:
        """Whether there is such a table."""
        return bool(self.rows("show schemas like %s", [schema]) and self.rows(f"show tables in `{schema}` like %s", [table]))

    def close(self):
        self.handle.close()


def literal(value) -> str:
    """A value in Spark's SQL."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(' ')}'"
    if isinstance(value, list):
        return f"({', '.join(map(literal, value)) or 'null'})"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(value)


class spark_errors:
    """Context manager: turns errors of Spark, of whatever method, into RefreshError."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception) and not isinstance(error, RefreshError):
            text = str(error)
            raise RefreshError(f"Spark refused this ({first_line(text)}): correct it and run again.", is_transient=is_transient(text)) from error
