"""Ask the metrics: MetricFlow's command line `mf`, on a target of profiles.yml and with the project as it is now.

    python scripts/metrics.py list metrics
    python scripts/metrics.py query --metrics signups,cac --group-by metric_time__month
    python scripts/metrics.py --target postgres query --metrics ltv --group-by entry__channel

What follows the options of this script goes to mf as it is, see
https://docs.getdbt.com/docs/build/metricflow-commands; paths in it start at the project's folder. mf alone knows only
the default target, and what dbt parsed last: so the project is parsed first, into a temporary folder from which mf
reads it. Tables are only read. In a file made by --csv a text that a spreadsheet would take for a formula, which any visitor
can put into a URL, begins with an apostrophe. mf's log is logs/metricflow.log. Exit code 0 if mf answered, 1 if it could not,
2 for wrong input.
"""

import csv
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import click
import yaml

from command_line import run, target_options, variables_option
from profiles import find_output, read_profile
from postgres import safe_options
from refresh_errors import first_line
from refresh_options import read_variables_option
from refresh_plan import Profile, RefreshError
from refresh_run import run_dbt
from target import ROOT, log_file

FORMULA = re.compile(r"\s*[=+@\t\r-]")
NUMBER = re.compile(r"[+-]?\d+([.]\d+)?([eE][+-]?\d+)?")


def prepare(folder: Path, target: str | None, variables: dict, profile: Profile = Profile()) -> None:
    """Put into the folder what mf reads of a project: settings, a profile with this default target, the parsed metrics.

    Raises RefreshError when there is no such target, or the project cannot be parsed.
    """
    _, outputs = read_profile(profile)
    # Under the name that dbt_project.yml gives it, which is all that mf knows.
    profiles = {Profile().name: {"target": find_output(target, profile).name, "outputs": outputs}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    shutil.copy(ROOT / "dbt_project.yml", folder)
    outcome = run_dbt([
        "parse", "--project-dir", str(ROOT), "--profiles-dir", str(folder), "--target-path", str(folder / "target"),
        "--log-path", str(folder / "logs"), "--vars", json.dumps(variables, default=str),
        "--quiet", "--log-level", "none",
    ])
    if not outcome.success:
        raise RefreshError(f"The project cannot be parsed ({first_line(outcome.exception)}): correct it.")


@click.command(help="Run MetricFlow's mf with ARGUMENTS, such as: query --metrics signups --group-by metric_time__month",
               context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@target_options
@variables_option
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def command(target, profile, variables, arguments):
    chosen, arguments = read_variables_option(variables), [*arguments, *in_order_of_time(arguments)]
    for path in csv_files(arguments):
        if path.suffix != ".csv":
            raise RefreshError(f"mf would replace {path} by a table, and the name does not end in .csv: name another file after --csv.")
    os.environ["PGOPTIONS"] = safe_options()
    os.chdir(ROOT)  # so that relative paths mean the same from everywhere
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), target, chosen, profile)
        os.environ.update(
            DBT_PROFILES_DIR=folder, DBT_PROJECT_DIR=folder, DBT_LOG_PATH=str(log_file().parent))
        from dbt_metricflow.cli.main import cli  # takes seconds, which wrong options need not wait for

        try:
            cli.main(arguments, prog_name="mf")
        finally:
            for path in filter(Path.is_file, csv_files(arguments)):
                disarm(path)


def values_of(option: str, arguments) -> list[str]:
    """What follows an option of mf."""
    words = [word for argument in arguments for word in (argument.split("=", 1) if argument.startswith(f"{option}=") else [argument])]
    return [word for before, word in zip(words, words[1:]) if before == option]


def in_order_of_time(arguments) -> list[str]:
    """The option by which the answer is in order of time, if it is by time and no order is asked for."""
    times = [name for names in values_of("--group-by", arguments) for name in names.split(",") if name.startswith("metric_time")]
    is_ordered = any(argument.startswith("--order") for argument in arguments)
    return ["--order", times[0]] if times and not is_ordered and arguments[0] == "query" else []


def csv_files(arguments) -> list[Path]:
    """The files that mf was told to write a table to."""
    return [Path(path) for path in values_of("--csv", arguments)]


def disarm(path: Path):
    """Put an apostrophe before the values of a CSV file that a spreadsheet would run as a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = [[f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value for value in row] for row in csv.reader(file)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    return run(command, "metrics.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
