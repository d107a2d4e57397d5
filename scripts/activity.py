"""Show what is running on the PostgreSQL server and who waits for whom, and end it.

    python scripts/activity.py list
    python scripts/activity.py list --newest --all
    python scripts/activity.py show 4711
    python scripts/activity.py kill 4711
    python scripts/activity.py kill touches --force --yes

The connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE; the answer covers all
databases of the server. The refresh calls its connections `signup_attribution refresh <batch> <model>`. Queries that mention a password or
another secret are not shown whole. Exit code 0 when everything asked for was done; 1 when there is no such connection,
or one could not be ended; 2 for wrong input, or a server that cannot be reached.
"""

import sys

import click

from common.command_line import entry
from database.activity import NOT_DONE, kill_connections, list_connections, show_connection


@click.group(help=__doc__.split("\n\n")[0], invoke_without_command=True, context_settings={"max_content_width": 120})
@click.pass_context
def command(context):
    if context.invoked_subcommand is None:
        list_connections()


@command.command("list", help="Running queries and open transactions, the longest first.")
@click.option("--newest", is_flag=True, help="The newest first.")
@click.option("--all", "with_idle", is_flag=True, help="Idle connections too.")
@click.option("--json", "is_json", is_flag=True, help="A JSON list, with whole texts.")
def list_command(newest, with_idle, is_json):
    list_connections(newest, with_idle, is_json)


@command.command(help="One connection with its whole query, what blocks it and what it blocks.")
@click.argument("pid", type=click.IntRange(min=1))
@click.option("--json", "is_json", is_flag=True, help="A JSON object; blocked_by and blocks are lists of such objects.")
def show(pid, is_json):
    show_connection(pid, is_json)


@command.command(help="Cancel the query of a connection, or all queries with a word in application, user or text.")
@click.argument("target", metavar="PID|WORD")
@click.option("--force", is_flag=True, help="End the connection, not only its query.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "is_json", is_flag=True, help="The outcomes as a JSON list.")
def kill(target, force, yes, is_json):
    return kill_connections(target, force, yes, is_json)


main = entry(command, "activity.py", stopped=("Stopped: nothing more was done.", NOT_DONE))

if __name__ == "__main__":
    sys.exit(main())
