"""What a PostgreSQL server is doing: its connections, who waits for whom, and how to end what they do."""

import re
import time
from pathlib import Path

import psycopg2
from psycopg2.extras import NamedTupleCursor

from common.project import read_queries

# How long to wait for a query to end, and how often to look.
END_SECONDS = 2.0
LOOK_SECONDS = 0.05
# Words that name a secret, and the beginning of an address that contains a password.
SECRET = re.compile(
    r"passw(or)?d?|pwd|secret|token|credential|(api|access|private|encryption|account)[ _-]?key|crypt"
    r"|://(?=[^\s/@]*:[^\s@]*@)",
    re.IGNORECASE)
LITERAL = re.compile(r"['$]")
HIDDEN = "*** (the rest is hidden: it may hold a secret)"

queries = read_queries(Path(__file__).with_suffix(".sql"))


def connections(server) -> list[tuple]:
    """The rows of the query `connections`, with masked queries."""
    with server.cursor(cursor_factory=NamedTupleCursor) as cursor:
        cursor.execute(queries.connections)
        return [one._replace(query=masked(one.query)) for one in cursor.fetchall()]


def is_idle(one) -> bool:
    """Whether a connection is idle: no query, and no transaction whose locks others could wait for."""
    return one.state in ("idle", "disabled")


def runs_query(one) -> bool:
    """Whether there is something to cancel; if its state is hidden, there may be."""
    return one.state in ("active", None)


def end(server, target, force: bool) -> str:
    """Cancel the query of a connection, or with force end the connection.

    Returns ended, still running (it was asked, and has not ended within END_SECONDS), gone (the query was over before)
    or not permitted.
    """
    with server.cursor() as cursor:
        try:
            cursor.execute(queries.terminate if force else queries.cancel, target._asdict())
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


def is_there(server, target, force: bool) -> bool:
    """Whether the same connection, or without force the same query, still runs."""
    return any(
        one.pid == target.pid and one.backend_start == target.backend_start
        and (force or runs_query(one) and one.query_start == target.query_start)
        for one in connections(server)
    )


def masked(text: str) -> str:
    """The text; if it mentions a secret, only the part before the first literal and before the secret's value.

    A secret can be written in too many ways (quotes, dollar quotes, escapes, comments) to remove just the secret itself.
    """
    named = SECRET.search(text)
    if not named:
        return text
    literal = LITERAL.search(text)
    return text[:min(named.end(), literal.start() if literal else len(text))].rstrip() + f" {HIDDEN}"
