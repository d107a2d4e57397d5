"""Connections of a PostgreSQL server as a table for people."""

import re
import shutil
from datetime import timedelta

from tabulate import tabulate

from database.errors import one_line
from database.server_activity import Connection

WIDTH_OF_A_FILE = 160  # when the output is not a terminal
LEAST_TEXT = 20
DBT_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
UNPRINTABLE = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]")


def printable(text: str) -> str:
    """The text without characters that might tell a terminal what to do."""
    return UNPRINTABLE.sub(" ", text)


def headline(one: Connection) -> str:
    """The query as one line, without the comment that dbt puts before it."""
    return one_line(printable(DBT_COMMENT.sub("", one.query, count=1)))


def duration(seconds: float | None) -> str:
    """Seconds as H:MM:SS; nothing for None."""
    return "" if seconds is None else str(timedelta(seconds=max(0, int(seconds))))


def table(found: list[Connection]) -> str:
    """One line per connection, no longer than the terminal is wide unless the columns before the text already are."""
    width = shutil.get_terminal_size((WIDTH_OF_A_FILE, 0)).columns
    several = len({one.database for one in found}) > 1
    headers = ["pid", "user", *(["database"] if several else []), "application", "age", "state", "wait", "blocked by",
               "text"]
    rows = [
        [one.pid, one.user, *([one.database] if several else []), printable(one.application or ""),
         duration(one.age_seconds), one.state or "(not shown)", one.wait or "", ", ".join(map(str, one.blocked_by))]
        for one in found
    ]
    used = max(map(len, tabulate(rows, headers[:-1], tablefmt="plain", disable_numparse=True).splitlines()))
    room = max(LEAST_TEXT, width - used - 2)
    texts = [headline(one) for one in found]
    cut = [text if len(text) <= room else text[:room - 1] + "…" for text in texts]
    return tabulate([[*row, text] for row, text in zip(rows, cut)], headers, tablefmt="plain", disable_numparse=True)


def by_age(found: list[Connection], newest: bool) -> list[Connection]:
    """The connections in the order of their age, those of unknown age last."""
    known = [one for one in found if one.age_seconds is not None]
    return sorted(known, key=lambda one: one.age_seconds, reverse=not newest) + [
        one for one in found if one.age_seconds is None]
