"""Show what is running on the PostgreSQL server and who waits for whom, and end it.

    python scripts/activity.py list
    python scripts/activity.py list --newest --all
    python scripts/activity.py show 4711
    python scripts/activity.py kill 4711
    python scripts/activity.py kill touches --force --yes

The connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE; all databases of the server are looked
at. The refresh calls its connections `signup_attribution refresh <batch> <model>`. Queries that speak of a password or
another secret are not shown whole. Exit code 0 when everything asked for was done; 1 when there is no such connection,
or one could not be ended; 2 for wrong input, or a server that cannot be reached.
"""

import json
import sys
from dataclasses import asdict
from datetime import datetime

import click
from tabulate import tabulate

from common.command_line import run
from common.errors import RefreshError
from database.activity_table import by_age, duration, printable, table
from database.postgres import connected
from database.server_activity import Connection, connections, end

NOT_DONE = 1  # exit code
APPLICATION = "signup_attribution activity"
ENDINGS = {
    "ended": "{what} of {pid} has ended.", "gone": "{what} of {pid} was over already.",
    "still running": "{what} of {pid} was asked to end but is still running: check again with list{harder}.",
    "not permitted": "{what} of {pid} belongs to {user}, and you may not end it: ask for the role {user} or "
                     "pg_signal_backend (a superuser's connections only a superuser may end).",
}


def as_json(found) -> str:
    return json.dumps(found, indent=2, default=datetime.isoformat)


def wanted(found: list[Connection], target: str) -> list[Connection]:
    """The connection with this process id, or those not idle that match the word. Raises RefreshError for none."""
    if target.isdecimal():
        chosen = [one for one in found if one.pid == int(target)]
        sentence = f"There is no connection {target} (besides this one): look at those there are with list --all."
    else:
        chosen = [one for one in found if not one.is_idle and one.matches(target)]
        sentence = f"No running query has '{target}' in application, user or text: look at those there are with list."
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
    # Connections whose state is hidden are listed only if they block others.
    shown = by_age([
        one for one in found if with_idle or one.pid in blocking or not (one.is_idle or one.state is None)], newest)
    if is_json:
        print(as_json([asdict(one) for one in shown]))
    else:
        print(table(shown) if shown else "Nothing is running.")
    hidden = sum(one.state is None for one in found)
    if hidden:
        print(f"You cannot see what {hidden} connections of other users are doing: ask for the role pg_read_all_stats.",
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
            print(f"\n{title}\n{table(others)}")
    print(f"\n{printable(one.query).strip() or '(no query)'}")


@command.command(help="Cancel the query of a connection, or all queries with a word in application, user or text.")
@click.argument("target", metavar="PID|WORD")
@click.option("--force", is_flag=True, help="End the connection, not only its query.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "is_json", is_flag=True, help="The outcome for each, as a JSON list.")
def kill(target, force, yes, is_json):
    if not target.strip():
        raise RefreshError("An empty word would match every query: give a process id or a word.")
    with connected(APPLICATION) as server:
        hits = wanted(connections(server), target)
        if not force:
            hits = cancellable(hits, target)
        click.echo(table(hits), err=is_json)
        if not yes:
            ask(hits, force, is_json)
        outcomes = [(one, end(server, one, force)) for one in hits]
    if is_json:
        facts = [(one.pid, one.user, one.application, how) for one, how in outcomes]
        print(as_json([dict(zip(("pid", "user", "application", "outcome"), row)) for row in facts]))
    what, harder = ("The connection", "") if force else ("The query", ", or end the connection with --force")
    for one, how in outcomes:
        failed = how in ("still running", "not permitted")
        if failed or not is_json:
            click.echo(ENDINGS[how].format(what=what, pid=one.pid, user=one.user, harder=harder), err=failed)
    if any(how in ("still running", "not permitted") for _, how in outcomes):
        click.get_current_context().exit(NOT_DONE)


def cancellable(hits: list[Connection], target: str) -> list[Connection]:
    """Those that run a query. Raises RefreshError for none: an open transaction ends only with its connection."""
    running = [one for one in hits if one.runs_query]
    if not running:
        states = " and ".join(sorted({str(one.state) for one in hits}))
        raise RefreshError(
            f"{target} runs no query that could be cancelled ({states}): end the connection with --force.", NOT_DONE)
    return running


def ask(hits: list[Connection], force: bool, is_json: bool):
    """Continue only if the user confirms. Raises RefreshError without a terminal, click.Abort for a no."""
    if not sys.stdin.isatty():
        raise RefreshError("Nothing was done, because there is no terminal to ask for confirmation: add --yes.")
    what = "connection" if force else "query"
    count = f"this {what}" if len(hits) == 1 else f"these {len(hits)} {'connections' if force else 'queries'}"
    click.confirm(f"{'End' if force else 'Cancel'} {count}?", abort=True, err=is_json)


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    return run(command, "activity.py", arguments, stopped=("Stopped: nothing more was done.", NOT_DONE))


if __name__ == "__main__":
    sys.exit(main())
