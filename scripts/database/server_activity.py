"""What a PostgreSQL server is doing: its connections, who waits for whom, and how to end what they do."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg2

from common.queries import read_queries
from database.masking import masked

# How long to wait for a query to end, and how often to look.
END_SECONDS = 2.0
LOOK_SECONDS = 0.05

queries = read_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Connection:
    """A client's connection. What the server does not show to this user is None; the query is masked.

    age_seconds: since its query began, or since it is idle; transaction_seconds: since its transaction began, if any.
    """

    pid: int
    user: str
    database: str
    application: str | None
    state: str | None
    wait: str | None
    blocked_by: list[int]
    age_seconds: float | None
    transaction_seconds: float | None
    backend_start: datetime | None
    query_start: datetime | None
    query: str

    @property
    def is_idle(self) -> bool:
        """Whether it is idle: no query, and no transaction whose locks others could wait for."""
        return self.state in ("idle", "disabled")

    @property
    def runs_query(self) -> bool:
        """Whether there is something to cancel; if its state is hidden, there may be."""
        return self.state in ("active", None)

    def matches(self, word: str) -> bool:
        """Whether the word is in the application's or user's name or in the query, ignoring case."""
        return any(word.lower() in (text or "").lower() for text in (self.application, self.user, self.query))


def connections(server) -> list[Connection]:
    """All client connections but the one that asks, by process id."""
    with server.cursor() as cursor:
        cursor.execute(queries.connections)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    return [
        Connection(
            pid=row["pid"], user=row["usename"] or "", database=row["datname"] or "",
            application=row["application_name"], state=row["state"],
            wait=": ".join(filter(None, (row["wait_event_type"], row["wait_event"]))) or None,
            blocked_by=sorted(set(row["blocked_by"] or [])), age_seconds=row["age_seconds"],
            transaction_seconds=row["transaction_seconds"], backend_start=row["backend_start"],
            query_start=row["query_start"], query=masked(row["query"] or ""),
        )
        for row in rows
    ]


def end(server, target: Connection, force: bool) -> str:
    """Cancel the query of a connection, or with force end the connection.

    Returns ended, still running (it was asked, and has not ended within END_SECONDS), gone (the query was over before)
    or not permitted.
    """
    with server.cursor() as cursor:
        try:
            cursor.execute(queries.terminate if force else queries.cancel, vars(target))
        except psycopg2.errors.InsufficientPrivilege:
            return "not permitted"
        found = cursor.fetchone()
    if not (found and found[0]):
        return "gone"
    until = time.monotonic() + END_SECONDS
    while is_there(server, target, force):
        if time.monotonic() > until:
            return "still running"
        time.sleep(LOOK_SECONDS)
    return "ended"


def is_there(server, target: Connection, force: bool) -> bool:
    """Whether the same connection, or without force the same query, still runs."""
    return any(
        one.pid == target.pid and one.backend_start == target.backend_start
        and (force or one.runs_query and one.query_start == target.query_start)
        for one in connections(server)
    )
