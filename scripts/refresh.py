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
import threading
import time
from dataclasses import asdict
from pathlib import Path

import click

from command_line import target_options, variables_option
from notify_settings import Settings, read_settings
from postgres import safe_options
from profiles import ROOT
from refresh_options import plan_refresh
from refresh_plan import BAD_INPUT, Plan, RefreshError, read_date
from refresh_progress import Bar, Lines, Several, Silent, Text
from refresh_report import Report, read_report, summary_lines, table_lines
from refresh_run import Run

SETTINGS = ROOT / "refresh.yml"
OTHERS = 0o027  # what a refresh makes holds ids and messages: the group may read it at most, others may not (`man umask`)
NO_REPORT = 4  # exit code: the tables are up to date, the report could not be made


def refresh(plan: Plan, progress=None, settings: Settings | None = None) -> Report:
    """Carry out a plan; what was done. Raises RefreshError, KeyboardInterrupt.

    progress: see refresh_progress. settings: metrics and alerts, by default those of the project's refresh.yml.
    """
    started = time.monotonic()
    run = Run(plan, progress or Silent(), settings or read_settings(SETTINGS, must_exist=False))
    run.carry_out()
    report = read_report(run.figures)
    report.notes, report.seconds, report.elapsed = run.notes, run.seconds, time.monotonic() - started
    return report


def make_progress(log_format: str, quiet: bool = False, log_file: str | None = None):
    """The reporters of a refresh's progress. Raises RefreshError when the log file cannot be written."""
    told = []
    if not quiet:
        told.append(Lines(sys.stdout) if log_format == "json" else Bar() if sys.stderr.isatty() else Text())
    if log_file:
        try:
            file = open(log_file, "a+", encoding="utf-8")
            file.seek(0)
            if file.buffer.read(1) not in (b"", b"{"):
                raise RefreshError(f"The file {log_file} is not a log of refreshes, so it was left unchanged: name another file after --log-file.")
            told.append(Lines(file))
        except OSError as error:
            raise RefreshError(f"The file {log_file} cannot be written ({error.strerror}): correct the path after "
                               "--log-file.") from error
    return Several(told)


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
        from refresh_check import audit, check, check_lines

        found = audit(plan, since and read_date(since).isoformat()) if is_audit else check(plan)
        lines = [json.dumps(asdict(one)) for one in found] if log_format == "json" else check_lines(found)
        print("\n".join(lines), flush=True)
        return 0 if all(one.is_fine for one in found) else BAD_INPUT
    if report_file:
        from report import check_output

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


def made_report(plan: Plan, path: Path) -> Path:
    """Make the report of what was refreshed. Raises RefreshError, which says that the tables are made all the same."""
    from report import make_report, time_zone

    try:
        return make_report(plan, path, time_zone(plan))
    except RefreshError as error:
        raise RefreshError(f"All tables are up to date, but there is no new report. {error}", NO_REPORT) from error


class Interrupted(Exception):
    """Ctrl-C or SIGTERM ended the refresh."""


class Interrupt:
    """A request to stop is treated like Ctrl-C, because only that makes dbt cancel its query."""

    received = signal.SIGINT

    def __call__(self, number, _frame):
        self.received = number
        raise KeyboardInterrupt

    def again(self, unraisable):
        """Python's hook for what a __del__ raised: a request to stop that was lost there is made once more."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            once_more = threading.Timer(0.05, os.kill, [os.getpid(), self.received])
            once_more.daemon = True
            once_more.start()
        else:
            sys.__unraisablehook__(unraisable)


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
