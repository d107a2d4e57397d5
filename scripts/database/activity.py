"""Connections of a PostgreSQL server for people: as a table, one in detail, and ended after a question."""

import json
import re
import shutil
import sys
from datetime import datetime, timedelta

import click
from tabulate import tabulate

from common.errors import RefreshError
from database.errors import one_line
from database.postgres import connected
from database.server_activity import connections, end, is_idle, runs_query

NOT_DONE = 1  # exit code
APPLICATION = "signup_attribution activity"
ENDINGS = {
    "ended": "{what} of {pid} has ended.", "gone": "{what} of {pid} had already ended.",
    "still running": "{what} of {pid} was asked to end but is still running: check again with list{harder}.",
    "not permitted": "{what} of {pid} belongs to {user}, and you may not end it: ask for the role {user} or "
                     "pg_signal_backend (only a superuser may end a superuser's connections).",
}
FAILURES = ("still running", "not permitted")
WIDTH_OF_A_FILE = 160  # when the output is not a terminal
LEAST_TEXT = 20
DBT_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
UNPRINTABLE = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]")


def list_connections(newest=False, with_idle=False, is_json=False):
    """Print the busy ones, the longest first; with_idle: all."""
    with connected(APPLICATION) as server:
        found = connections(server)
    blocking = {pid for one in found for pid in one.blocked_by}
    # Connections whose state is hidden are listed only if they block others.
    shown = [one for one in found if with_idle or one.pid in blocking or not (is_idle(one) or one.state is None)]
    shown.sort(key=lambda one: (one.age_seconds is None, (one.age_seconds or 0) * (1 if newest else -1)))
    if is_json:
        print(as_json([one._asdict() for one in shown]))
    else:
        print(table(shown) if shown else "Nothing is running.")
    hidden = sum(one.state is None for one in found)
    if hidden:
        print(f"You cannot see what {hidden} connections of other users are doing: ask for the role pg_read_all_stats.",
              file=sys.stderr)


def show_connection(pid: int, is_json: bool):
    """Print one with its query, what blocks it and what it blocks."""
    with connected(APPLICATION) as server:
        found = connections(server)
    one = wanted(found, str(pid))[0]
    others = {"blocked_by": [other for other in found if other.pid in one.blocked_by],
              "blocks": [other for other in found if pid in other.blocked_by]}
    if is_json:
        print(as_json({**one._asdict(), **{name: [other._asdict() for other in those] for name, those in others.items()}}))
        return
    facts = {
        "pid": one.pid, "user": one.user, "database": one.database, "application": one.application, "state": one.state,
        "age": duration(one.age_seconds), "transaction": duration(one.transaction_seconds), "wait": one.wait,
    }
    print(tabulate([(name, value) for name, value in facts.items() if value], tablefmt="plain", disable_numparse=True))
    for name, those in others.items():
        if those:
            print(f"\n{name.replace('_', ' ')}\n{table(those)}")
    print(f"\n{printable(one.query).strip() or '(no query)'}")


def kill_connections(target: str, force: bool, is_sure: bool, is_json: bool) -> int:
    """Cancel a query, or all with a word, or with force end their connections; returns the exit code. Raises RefreshError, click.Abort."""
    if not target.strip():
        raise RefreshError("An empty word would match every query: give a process id or a word.")
    with connected(APPLICATION) as server:
        hits = wanted(connections(server), target)
        if not force:
            hits = cancellable(hits, target)
        click.echo(table(hits), err=is_json)
        if not is_sure:
            ask(hits, force, is_json)
        outcomes = [(one, end(server, one, force)) for one in hits]
    if is_json:
        print(as_json([{"pid": one.pid, "user": one.user, "application": one.application, "outcome": how} for one, how in outcomes]))
    what, harder = ("The connection", "") if force else ("The query", ", or end the connection with --force")
    for one, how in outcomes:
        if how in FAILURES or not is_json:
            click.echo(ENDINGS[how].format(what=what, pid=one.pid, user=one.user, harder=harder), err=how in FAILURES)
    return NOT_DONE if any(how in FAILURES for _, how in outcomes) else 0


def wanted(found: list, target: str) -> list:
    """The connection with this process id, or those not idle that match the word. Raises RefreshError for none."""
    if target.isdecimal():
        chosen = [one for one in found if one.pid == int(target)]
        sentence = f"There is no connection {target} (besides this one): see all that exist with list --all."
    else:
        chosen = [one for one in found if not is_idle(one) and any(
            target.lower() in (text or "").lower() for text in (one.application, one.user, one.query))]
        sentence = f"No running query has '{target}' in application, user or text: see those that run with list."
    if not chosen:
        raise RefreshError(sentence, NOT_DONE)
    return chosen


def cancellable(hits: list, target: str) -> list:
    """Those that run a query. Raises RefreshError for none: an open transaction ends only with its connection."""
    running = [one for one in hits if runs_query(one)]
    if not running:
        states = " and ".join(sorted({str(one.state) for one in hits}))
        raise RefreshError(
            f"{target} runs no query that could be cancelled ({states}): end the connection with --force.", NOT_DONE)
    return running


def ask(hits: list, force: bool, is_json: bool):
    """Continue only if the user confirms. Raises RefreshError without a terminal, click.Abort for a no."""
    if not sys.stdin.isatty():
        raise RefreshError("Nothing was done, because there is no terminal to ask for confirmation: add --yes.")
    what = "connection" if force else "query"
    count = f"this {what}" if len(hits) == 1 else f"these {len(hits)} {'connections' if force else 'queries'}"
    click.confirm(f"{'End' if force else 'Cancel'} {count}?", abort=True, err=is_json)


def as_json(found) -> str:
    return json.dumps(found, indent=2, default=datetime.isoformat)


def printable(text: str) -> str:
    """The text without characters that a terminal might obey."""
    return UNPRINTABLE.sub(" ", text)


def duration(seconds: float | None) -> str:
    """Seconds as H:MM:SS; nothing for None."""
    return "" if seconds is None else str(timedelta(seconds=max(0, int(seconds))))


def table(found: list) -> str:
    """One line per connection, no wider than the terminal unless the columns before the text already are."""
    rows = [{
        "pid": one.pid, "user": one.user, "database": one.database, "application": printable(one.application or ""),
        "age": duration(one.age_seconds), "state": one.state or "(not shown)", "wait": one.wait or "",
        "blocked by": ", ".join(map(str, one.blocked_by)),
    } for one in found]
    if len({row["database"] for row in rows}) == 1:
        for row in rows:
            del row["database"]
    plain = {"headers": "keys", "tablefmt": "plain", "disable_numparse": True}
    used = max(map(len, tabulate(rows, **plain).splitlines()))
    room = max(LEAST_TEXT, shutil.get_terminal_size((WIDTH_OF_A_FILE, 0)).columns - used - 2)
    for one, row in zip(found, rows):
        # As one line, without the comment that dbt puts before it.
        text = one_line(printable(DBT_COMMENT.sub("", one.query, count=1)))
        row["text"] = text if len(text) <= room else text[:room - 1] + "…"
    return tabulate(rows, **plain)
