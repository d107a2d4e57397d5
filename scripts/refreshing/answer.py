"""What the command line of the refresh does with its options, and with requests to stop."""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import click

from common.command_line import keep_private, run
from common.errors import BAD_INPUT, RefreshError
from common.plan import read_date
from database.postgres import safe_options
from notifying.settings import read_settings
from refreshing.options import plan_refresh
from refreshing.progress import make_progress
from refreshing.report import summary_lines, table_lines
from refreshing.run import refresh
from reporting.making import check_output, make_report, time_zone

NO_REPORT = 4  # exit code: the tables are up to date, the report could not be made


def answer(since, log_format, log_file, is_check, is_audit, settings, report_file, quiet, **options) -> int:
    """Refresh, check or audit as these options say; the exit code. options: those of plan_refresh. Raises RefreshError, click.Abort."""
    check_options(is_check, is_audit, {"--report": report_file, "--log-file": log_file})
    os.environ["PGOPTIONS"] = safe_options()  # for a profile that names no search_path
    plan = plan_refresh(since=None if is_audit else since, with_seeds=not (is_check or is_audit), **options)
    if is_check or is_audit:
        from refreshing.check import audit, check, check_lines

        found = audit(plan, since and read_date(since).isoformat()) if is_audit else check(plan)
        problems = [one for one in found if not one.is_fine]
        told = problems if quiet else found
        for line in (json.dumps(asdict(one)) for one in told) if log_format == "json" else check_lines(told):
            print(line, flush=True)
        return BAD_INPUT if problems else 0
    if report_file:
        report_file = Path(report_file).absolute()  # the refresh goes to the project's folder
        check_output(report_file)
    progress = make_progress(log_format, quiet, log_file)
    try:
        report = refresh(plan, progress, read_settings(settings) if settings else None)
    except KeyboardInterrupt as error:
        raise click.Abort from error  # for KeyboardInterrupt click prints an empty line
    if log_format == "text" and not quiet:
        print("\n".join(table_lines(report) + summary_lines(report)), flush=True)
    if report_file:
        try:
            progress.say(f"The report is in {make_report(plan, report_file, time_zone(plan))}.")
        except RefreshError as error:
            raise RefreshError(f"All tables are up to date, but there is no new report. {error}", NO_REPORT) from error
    return 0


def check_options(is_check: bool, is_audit: bool, files: dict[str, str | None]):
    """Raises RefreshError when options exclude each other, or a file has no name. files: option -> its value."""
    if is_check and is_audit:
        raise RefreshError("--check and --audit cannot go together: run one after the other.")
    for option, file in files.items():
        if file == "":  # of a variable of the shell that is not set
            raise RefreshError(f"{option} names no file: add the name, or leave the option out.")
        if file and (is_check or is_audit):
            raise RefreshError(f"{'--check' if is_check else '--audit'} writes no file: leave out {option}.")


class Interrupt:
    """A request to stop is treated like Ctrl-C, because only that makes dbt cancel its query."""

    received = signal.SIGINT

    def __call__(self, number, _frame):
        self.received = number
        raise KeyboardInterrupt

    def again(self, unraisable):
        """Python's hook for what a __del__ raised: a request to stop that was lost there is repeated."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            once_more = threading.Timer(0.05, os.kill, [os.getpid(), self.received])
            once_more.daemon = True
            once_more.start()
        else:
            sys.__unraisablehook__(unraisable)


def run_interruptibly(command: click.Command, name: str, arguments=None) -> int:
    """Run the command line, which SIGTERM ends as Ctrl-C does; returns the exit code."""
    keep_private()
    # After a SIGKILL, Python's helper process would warn about semaphores that it then frees itself.
    sys.warnoptions.append("ignore:resource_tracker")
    interrupt = Interrupt()
    signal.signal(signal.SIGTERM, interrupt)
    sys.unraisablehook = interrupt.again
    try:
        return run(command, name, arguments)
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted: run it again, and the refresh continues where it stopped.", file=sys.stderr)
        return 128 + interrupt.received
