"""What runs on the PostgreSQL server, who waits for whom, and an end to it.

    python scripts/activity.py list
    python scripts/activity.py list --newest --all
    python scripts/activity.py show 4711
    python scripts/activity.py kill 4711
    python scripts/activity.py kill touches --force --yes

The connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE; all databases of the server are looked at. The
refresh calls its connections `signup_attribution refresh <batch> <model>`. Queries that speak of a password or another
secret are not shown whole. Exit code 0 when everything asked for was done; 1 when there is no such connection, or one could
not be ended; 2 for wrong input, or a server that cannot be reached.
"""

import json
import re
import shutil
import sys
from dataclasses import asdict
from datetime import datetime, timedelta

import click
from tabulate import tabulate

from postgres import connected
from refresh_errors import one_line
from refresh_plan import BAD_INPUT, RefreshError
from server_activity import Connection, connections, end

NOT_DONE = 1  # exit code
APPLICATION = "signup_attribution activity"
WIDTH_OF_A_FILE = 160  # when the output goes to no terminal
LEAST_TEXT = 20
DBT_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
UNPRINTABLE = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]")  # might tell the terminal what to do
ENDINGS = {
    "ended": "{what} of {pid} has ended.", "gone": "{what} of {pid} was over already.",
    "still running": "{what} of {pid} was asked to end and has not yet: look again with list{harder}.",
    "not permitted": "{what} of {pid} belongs to {user}, and you may not end it: ask for the role {user} or "
                     "pg_signal_backend (a superuser's connections only a superuser may end).",
}


def headline(one: Connection) -> str:
    """The query as one line, without the comment that dbt puts before it."""
    return one_line(UNPRINTABLE.sub(" ", DBT_COMMENT.sub("", one.query, count=1)))


def duration(seconds: float | None) -> str:
    """Seconds as H:MM:SS; nothing for None."""
    return "" if seconds is None else str(timedelta(seconds=max(0, int(seconds))))


def table(found: list[Connection], width: int) -> str:
    """One line for each connection, none longer than `width` unless the columns before the text are."""
    several = len({one.database for one in found}) > 1
    headers = ["pid", "user", *(["database"] if several else []), "application", "age", "state", "wait", "blocked by", "text"]
    rows = [
        [one.pid, one.user, *([one.database] if several else []), UNPRINTABLE.sub(" ", one.application or ""),
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
    known = sorted((one for one in found if one.age_seconds is not None), key=lambda one: one.age_seconds, reverse=not newest)
    return known + [one for one in found if one.age_seconds is None]


def as_json(found) -> str:
    return json.dumps(found, indent=2, default=datetime.isoformat)


def screen() -> int:
    return shutil.get_terminal_size((WIDTH_OF_A_FILE, 0)).columns


def wanted(found: list[Connection], target: str) -> list[Connection]:
    """The connection with this process id, or those that are not idle and match the word. Raises RefreshError for none."""
    if target.isdecimal():
        chosen = [one for one in found if one.pid == int(target)]
        sentence = f"There is no connection {target} (besides this one): look at those there are with list --all."
    else:
        chosen = [one for one in found if not one.is_idle and one.matches(target)]
        sentence = f"No running query has '{target}' in its application, user or text: look at those there are with list."
    if not chosen:
        raise RefreshError(sentence, NOT_DONE)
    return chosen


@click.group(help=__doc__.split("\n\n")[0], invoke_without_command=True, context_settings={"max_content_width": 120})
@click.pass_context
def command(context):
    if context.invoked_subcommand is None:
        context.invoke(list_command, newest=False, with_idle=False, is_json=False)


@command.command("list", help="Running queries and open transactions, the longest first.")
@click.option("--newest", is_flag=True, help="The newest first.")
@click.option("--all", "with_idle", is_flag=True, help="Idle connections too.")
@click.option("--json", "is_json", is_flag=True, help="A JSON list, with whole texts.")
def list_command(newest, with_idle, is_json):
    with connected(APPLICATION) as server:
        found = connections(server)
    blocking = {pid for one in found for pid in one.blocked_by}
    # Of those whose state is not shown only who is in the way is worth a line.
    shown = by_age([
        one for one in found if with_idle or one.pid in blocking or not (one.is_idle or one.state is None)], newest)
    if is_json:
        print(as_json([asdict(one) for one in shown]))
    else:
        print(table(shown, screen()) if shown else "Nothing is running.")
    hidden = sum(one.state is None for one in found)
    if hidden:
        print(f"What {hidden} connections of other users do is not shown to you: ask for the role pg_read_all_stats.",
              file=sys.stderr)


@command.command(help="One connection with its whole query, what blocks it and what it blocks.")
@click.argument("pid", type=click.IntRange(min=1))
@click.option("--json", "is_json", is_flag=True, help="A JSON object; blocked_by and blocks are lists of such.")
def show(pid, is_json):
    with connected(APPLICATION) as server:
        found = connections(server)
    one = wanted(found, str(pid))[0]
    before = [other for other in found if other.pid in one.blocked_by]
    behind = [other for other in found if pid in other.blocked_by]
    if is_json:
        print(as_json({**asdict(one), "blocked_by": list(map(asdict, before)), "blocks": list(map(asdict, behind))}))
        return
    facts = {
        "pid": one.pid, "user": one.user, "database": one.database, "application": one.application, "state": one.state,
        "age": duration(one.age_seconds), "transaction": duration(one.transaction_seconds), "wait": one.wait,
    }
    print(tabulate([(name, value) for name, value in facts.items() if value], tablefmt="plain", disable_numparse=True))
    for title, others in (("blocked by", before), ("blocks", behind)):
        if others:
            print(f"\n{title}\n{table(others, screen())}")
    print(f"\n{UNPRINTABLE.sub(' ', one.query).strip() or '(no query)'}")


@command.command(help="Cancel the query of a connection, or all running queries that match a word in application, user or text.")
@click.argument("target", metavar="PID|WORD")
@click.option("--force", is_flag=True, help="End the connection, not only its query.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "is_json", is_flag=True, help="What became of each, as a JSON list.")
def kill(target, force, yes, is_json):
    if not target.strip():
        raise RefreshError("An empty word would match every query: give a process id or a word.")
    with connected(APPLICATION) as server:
        hits = wanted(connections(server), target)
        if not force:
            hits = cancellable(hits, target)
        click.echo(table(hits, screen()), err=is_json)
        if not yes:
            ask(hits, force, is_json)
        outcomes = [(one, end(server, one, force)) for one in hits]
    if is_json:
        print(as_json([{"pid": one.pid, "user": one.user, "application": one.application, "outcome": how} for one, how in outcomes]))
    what, harder = ("The connection", "") if force else ("The query", ", or end the connection with --force")
    for one, how in outcomes:
        failed = how in ("still running", "not permitted")
        if failed or not is_json:
            click.echo(ENDINGS[how].format(what=what, pid=one.pid, user=one.user, harder=harder), err=failed)
    if any(how in ("still running", "not permitted") for _, how in outcomes):
        click.get_current_context().exit(NOT_DONE)


def cancellable(hits: list[Connection], target: str) -> list[Connection]:
    """Those that run a query. Raises RefreshError for none: an open transaction holds its locks until the connection ends."""
    running = [one for one in hits if one.runs_query]
    if not running:
        states = " and ".join(sorted({str(one.state) for one in hits}))
        raise RefreshError(f"{target} runs no query that could be cancelled ({states}): end the connection with --force.", NOT_DONE)
    return running


def ask(hits: list[Connection], force: bool, is_json: bool):
    """Go on only if the user says so. Raises RefreshError where nobody can, click.Abort for a no."""
    if not sys.stdin.isatty():
        raise RefreshError("Nothing was done, because nobody can be asked here: add --yes.")
    what = "connection" if force else "query"
    count = f"this {what}" if len(hits) == 1 else f"these {len(hits)} {'connections' if force else 'queries'}"
    click.confirm(f"{'End' if force else 'Cancel'} {count}?", abort=True, err=is_json)


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    try:
        return command.main(arguments, prog_name="activity.py", standalone_mode=False) or 0
    except RefreshError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        print(f"{error.format_message().rstrip('.')}: see activity.py --help.", file=sys.stderr)
        return BAD_INPUT
    except click.Abort:
        print("Stopped: nothing more was done.", file=sys.stderr)
        return NOT_DONE


if __name__ == "__main__":
    sys.exit(main())
