"""The stored tables as the report queries them: in one time zone, and knowing which of them exist."""

from decimal import Decimal
from pathlib import Path

from common.errors import RefreshError
from common.project import read_queries
from database.stored_tables import Tables

queries = read_queries(Path(__file__).with_name("queries.sql"))
NO_TABLES = "{} missing or may not be read: run scripts/refresh.py, or connect as a role that may read everything."


class Source:
    """The tables, queried in one time zone. Exact numbers come as Python's own."""

    def __init__(self, tables: Tables, zone: str):
        self.tables, self.zone, self.names = tables, zone, tables.names()
        if not tables.is_time_zone(zone):
            raise RefreshError(f"There is no time zone {zone}: correct report_timezone under vars.")

    def rows(self, query: str, *values) -> list[dict]:
        """The rows of a query, column -> value."""
        return [{name: plain(value) for name, value in row.items()} for row in self.tables.rows(query, *values)]

    def missing(self, *names: str) -> str | None:
        """A sentence when one of these tables (folder.table) cannot be read."""
        lacking = [name for name in names if name not in self.names]
        return NO_TABLES.format(", ".join(lacking) + (" is" if len(lacking) == 1 else " are")) if lacking else None


def plain(value):
    """An exact number as an int or float; anything else as it is."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
