"""Refresh all tables: load new messages, bring sessions and attribution up to date, say what was done.

    python scripts/refresh.py
    python scripts/refresh.py --target postgres --since 2026-05-01
    python scripts/refresh.py --vars my_site.yml --full-refresh

One line for each table, then a summary. Exit code 0 only when everything succeeded; 1 when a table
could not be made (the next refresh continues there); 2 for wrong input, a database that cannot be reached
or is locked (the tables are as before); 130 when interrupted. What went wrong is one sentence on stderr;
logs/dbt.log has the details. Paths in variables and in SIGNUP_ATTRIBUTION_DUCKDB start at the project's folder.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import click
import yaml

from refresh_errors import failure
from refresh_plan import BAD_INPUT, Plan, RefreshError, build_arguments, make_plan, read_variables
from refresh_report import FIGURES, Report, read_report, summary_lines, table_lines
from seed_check import first_problem

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130


def read_yaml(path: Path) -> dict:
    """A mapping from one of the project's YAML files. Raises RefreshError."""
    try:
        return read_variables(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise RefreshError(f"{path} cannot be read: restore it.") from error


def plan_refresh(target, since, full_refresh, variables, select) -> Plan:
    """The plan for the command line's options. Raises RefreshError for what is wrong with them or the seeds."""
    profile = read_yaml(ROOT / "profiles.yml")["signup_attribution"]
    defaults = read_yaml(ROOT / "dbt_project.yml").get("vars", {})
    plan = make_plan(
        target or profile["target"], read_variables_option(variables), since, full_refresh, select,
        targets=list(profile["outputs"]), defaults=defaults,
    )
    problem = first_problem(ROOT / "seeds")
    if problem:
        raise RefreshError(problem)
    return plan


def read_variables_option(text: str | None) -> dict:
    """Variables from the option --vars: YAML text or the path of a YAML file. Raises RefreshError."""
    if not text:
        return {}
    path = Path(text)
    if path.suffix in (".yml", ".yaml", ".json") and "\n" not in text and "{" not in text:
        try:
            return read_variables(path.read_text(encoding="utf-8"), text)
        except (OSError, UnicodeDecodeError) as error:
            raise RefreshError(f"The file {text} cannot be read: correct the path after --vars.") from error
    return read_variables(text)


def log_file() -> Path:
    """Where dbt writes its log."""
    return Path(os.environ.get("DBT_LOG_PATH") or ROOT / "logs") / "dbt.log"


def run_dbt(arguments: list[str], on_event=None, manifest=None):
    """Run one dbt command in this process; how it ended. Afterwards no database file is held open.

    on_event: called with each event. manifest: the project as dbt parsed it before, which then is not parsed again.
    """
    # These take two seconds, which wrong options need not wait for.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        return dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else []).invoke(arguments)
    finally:
        # One connection serves all models and would stay open, so that nobody else could open the file.
        DuckDBConnectionManager.close_all_connections()


def execute(arguments: list[str], on_event=None):
    """Run one dbt command; its result. Raises RefreshError, KeyboardInterrupt.

    Everything that a refresh does to a database passes here.
    """
    outcome = run_dbt(arguments, on_event)
    if isinstance(outcome.exception, (KeyboardInterrupt, SystemExit)):
        raise KeyboardInterrupt
    if not outcome.success:
        raise failure(outcome.exception, getattr(outcome.result, "results", None) or [], log_file())
    return outcome.result


class Progress:
    """Follows dbt's events: how long each table took, the figures at the end and, on a terminal, the table in the making."""

    def __init__(self, stream):
        self.stream = stream if stream and stream.isatty() else None
        self.seconds: dict[str, float] = {}
        self.figures: list[list] = []

    def __call__(self, event):
        if event.info.name == "JinjaLogDebug" and event.data.msg.startswith(FIGURES):
            self.figures = json.loads(event.data.msg.removeprefix(FIGURES))
        elif event.info.name in ("LogStartLine", "LogModelResult", "LogSeedResult"):
            name = event.data.node_info.node_name
            if event.info.name == "LogStartLine":
                self.show(f"{event.data.index} of {event.data.total}: {name}")
            elif event.info.name == "LogModelResult":
                self.seconds[name] = event.data.execution_time

    def show(self, text=""):
        """Replace the terminal's last line."""
        if self.stream:
            self.stream.write(f"\r\033[K{text}")
            self.stream.flush()


def refresh(plan: Plan, with_report: bool = True) -> Report | None:
    """Carry out a plan; what was done, if asked for. Raises RefreshError, KeyboardInterrupt."""
    started = time.monotonic()
    os.chdir(ROOT)  # so that relative paths mean the same from everywhere
    progress = Progress(sys.stderr if with_report else None)
    try:
        execute(build_arguments(plan, str(ROOT)), progress)
    finally:
        progress.show()
    if not with_report:
        return None
    report = read_report(progress.figures)
    report.seconds, report.elapsed = progress.seconds, time.monotonic() - started
    return report


@click.command(help="Refresh all tables from the messages that are new.")
@click.option("--target", metavar="NAME", help="duckdb or postgres: a connection of profiles.yml.  [default: duckdb]")
@click.option("--since", metavar="DATE", help="Look again for messages loaded since this date (YYYY-MM-DD).")
@click.option("--full-refresh", is_flag=True, help="Rebuild all tables from all messages.")
@click.option("--vars", "variables", metavar="YAML", help="Variables as YAML text, or the path of a YAML file.")
@click.option("--select", multiple=True, metavar="MODELS", help="Only these models, in dbt's syntax; may be repeated.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something fails.")
def command(target, since, full_refresh, variables, select, quiet):
    report = refresh(plan_refresh(target, since, full_refresh, variables, select), with_report=not quiet)
    if report:
        print("\n".join(table_lines(report) + summary_lines(report)), flush=True)


def interrupt(*_):
    """A request to stop is treated like Ctrl-C, because only that makes dbt cancel its query."""
    raise KeyboardInterrupt


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        command.main(arguments, prog_name="refresh.py", standalone_mode=False)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        print(f"{error.message.rstrip('.')}: see refresh.py --help.", file=sys.stderr)
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted: run again, the refresh continues where it stopped.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
