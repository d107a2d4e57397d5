"""Refresh all tables: load new messages, bring sessions and attribution up to date, say what was done.

    python scripts/refresh.py
    python scripts/refresh.py --target postgres --since 2026-05-01
    python scripts/refresh.py --full-refresh
    python scripts/refresh.py --sample 1%
    python scripts/refresh.py --report
    python scripts/refresh.py --check
    python scripts/refresh.py --audit --since 2026-05-01

One line for each table, then a summary; with --log-format json one JSON object a line. Temporary
failures are retried. Exit code 0 only when everything succeeded; 1 when a table could not be built (the
next refresh continues there); 2 for wrong input, a database that cannot be reached or is locked (the tables are
as before); 3 when another refresh is running; 4 when only the report could not be made; 130 when interrupted by
Ctrl-C, 143 by SIGTERM. What went wrong is one sentence on stderr; logs/dbt.log has the details. The
variables are those in my_site.yml, or in the file that SIGNUP_ATTRIBUTION_VARS names. Paths in variables and in the
environment start at the project's folder.
"""

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import click

from common.command_line import OTHERS, target_options, variables_option
from common.errors import BAD_INPUT, RefreshError
from common.plan import read_date
from common.project import ROOT
from database.postgres import safe_options
from notifying.settings import read_settings
from refreshing.interrupt import Interrupt, Interrupted
from refreshing.options import plan_refresh
from refreshing.progress import make_progress
from refreshing.report import summary_lines, table_lines
from refreshing.run import refresh
from reporting.making import check_output, made_report


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
              envvar="SIGNUP_ATTRIBUTION_LOG_FORMAT", help="What is printed; in json one object a line.")
@click.option("--log-file", metavar="FILE", help="Add the lines in JSON to this file.")
@click.option("--check", "is_check", is_flag=True,
              help="Change nothing; report what is fine and how to fix what is not.")
@click.option("--audit", "is_audit", is_flag=True,
              help="Look for messages in the sources (all, or those loaded --since a date) that the tables lack.")
@click.option("--settings", metavar="FILE", type=click.Path(path_type=Path),
              help="Metrics and alerts.  [default: refresh.yml of the project]")
@click.option("--report", "report_file", metavar="FILE", is_flag=False, flag_value=str(ROOT / "target" / "report.html"),
              help="Then make the report: one HTML file.  [without a name: target/report.html of the project]")
@click.option("--quiet", is_flag=True, help="Print nothing unless something fails.")
def command(
    target, profile, since, full_refresh, variables, select, retry_for, wait, sample, log_format, log_file, is_check, is_audit,
    settings, report_file, quiet,
):
    os.environ["PGOPTIONS"] = safe_options()  # for a profile that names no search_path
    plan = plan_refresh(
        target, None if is_audit else since, full_refresh, variables, select, retry_for, wait, sample,
        with_seeds=not (is_check or is_audit), profile=profile)
    if is_check or is_audit:
        from refreshing.check import audit, check, check_lines

        found = audit(plan, since and read_date(since).isoformat()) if is_audit else check(plan)
        lines = [json.dumps(asdict(one)) for one in found] if log_format == "json" else check_lines(found)
        print("\n".join(lines), flush=True)
        return 0 if all(one.is_fine for one in found) else BAD_INPUT
    if report_file:
        report_file = Path(report_file).absolute()  # the refresh goes to the project's folder
        check_output(report_file)
    progress = make_progress(log_format, quiet, log_file)
    try:
        report = refresh(plan, progress, read_settings(settings) if settings else None)
    except KeyboardInterrupt as error:
        raise Interrupted from error  # click would add an empty line
    if log_format == "text" and not quiet:
        print("\n".join(table_lines(report) + summary_lines(report)), flush=True)
    if report_file:
        progress.say(f"The report is in {made_report(plan, report_file)}.")
    return 0


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    os.umask(os.umask(OTHERS) | OTHERS)
    # After a SIGKILL Python's helper process would warn of semaphores, which it then frees.
    sys.warnoptions.append("ignore:resource_tracker")
    interrupt = Interrupt()
    signal.signal(signal.SIGTERM, interrupt)
    sys.unraisablehook = interrupt.again
    try:
        # --help has no exit code of its own
        return command.main(arguments, prog_name="refresh.py", standalone_mode=False) or 0
    except RefreshError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        # Of a value that an option does not take, the message alone does not name the option.
        text = error.format_message() if isinstance(error, click.BadParameter) else error.message
        print(f"{text.rstrip('.')}: see refresh.py --help.", file=sys.stderr)
        return BAD_INPUT
    except (Interrupted, click.Abort, KeyboardInterrupt):
        print("Interrupted: run again, the refresh continues where it stopped.", file=sys.stderr)
        return 128 + interrupt.received


if __name__ == "__main__":
    sys.exit(main())
