"""Refresh all tables: load new messages, bring sessions and attribution up to date, say what was done.

    python scripts/refresh.py
    python scripts/refresh.py --target postgres --since 2026-05-01
    python scripts/refresh.py --check

Exit code 0 only when everything succeeded; 1 when a table could not be built (the next refresh continues there); 2 for wrong
input, a database that cannot be reached or is locked (the tables are as before); 3 when another refresh is running; 4 when only the
report could not be made; 130 when interrupted by Ctrl-C, 143 by SIGTERM. What went wrong is one sentence on stderr; logs/dbt.log has
the details. Paths in variables and in the environment start at the project's folder.
"""

import gc
from functools import partial
from pathlib import Path

import click

from common.command_line import leave, target_options, variables_option
from refreshing.answer import answer, run_interruptibly
from reporting.making import DEFAULT_FILE


@click.command(help="Refresh all tables from the messages that are new.")
@target_options
@click.option("--since", metavar="DATE", help="Look again for messages loaded since this date (YYYY-MM-DD).")
@click.option("--full-refresh", is_flag=True, help="Rebuild all tables from all messages.")
@variables_option
@click.option("--select", multiple=True, metavar="MODELS", help="Only these models, in dbt's selection syntax; may be repeated.")
@click.option("--retry-for", metavar="TIME", help="How long to retry a model that fails temporarily, as after a lost "
              "connection or a lock time-out: 90s, 15m, 2h.  [default: 2h]")
@click.option("--wait", metavar="TIME", is_flag=False, flag_value="forever",
              help="Wait for another refresh to end, at most this long; without a time, as long as it takes.")
@click.option("--sample", metavar="PERCENT", help="Only this share of persons, such as 1%, in the schemas of a developer "
              "(SIGNUP_ATTRIBUTION_SCHEMA=dev_ann).")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
              envvar="SIGNUP_ATTRIBUTION_LOG_FORMAT", help="What to print; json is one object per line.")
@click.option("--log-file", metavar="FILE", help="Add the lines in JSON to this file.")
@click.option("--check", "is_check", is_flag=True, help="Change nothing; report what is fine and how to fix what is not.")
@click.option("--audit", "is_audit", is_flag=True,
              help="Look for messages in the sources (all, or those loaded --since a date) that the tables lack.")
@click.option("--settings", metavar="FILE", type=click.Path(path_type=Path),
              help="Metrics and alerts.  [default: refresh.yml of the project]")
@click.option("--report", "report_file", metavar="FILE", is_flag=False, flag_value=str(DEFAULT_FILE),
              help="Then make the report: one HTML file.  [without a name: target/report.html of the project]")
@click.option("--quiet", is_flag=True, help="Print nothing unless something fails.")
def command(**options):
    return answer(**options)


main = partial(run_interruptibly, command, "refresh.py")

if __name__ == "__main__":
    gc.disable()  # garbage is collected between attempts; what dbt makes lasts as long as a command
    leave(main())
