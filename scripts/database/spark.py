"""Spark, through the connection that dbt-spark opens, so that a profile means here what it means to dbt."""

from datetime import datetime

from common.errors import RefreshError
from database.errors import first_line, is_transient


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

    def rows(self, sql: str, values=()) -> list[tuple]:
        """The rows of a statement with %s as the placeholder of values. Raises RefreshError."""
        if sql in ("begin", "commit"):  # a statement is a transaction
            return []
        with spark_errors():
            cursor = self.handle.cursor()
            cursor.execute(sql % tuple(map(literal, values)) if values else sql)
            return [tuple(row) for row in cursor.fetchall() or []]

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
