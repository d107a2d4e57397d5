"""Show the whole thing on sample data: a first refresh, then one a day, what came out, and the report.

    make demo

The messages go to target/sample, and day by day to target/demo; the tables to DuckDB's default file, the variables to
my_site.yml and the report to target/report.html, so that every other command finds them. Files of an earlier demo are
replaced; where there are others in their place, the demo refuses.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from common.command_line import run
from common.project import ROOT, shown, variables_file
from database.profiles import find_output
from refreshing.options import plan_refresh
from refreshing.progress import make_progress
from refreshing.report import summary_lines, table_lines
from refreshing.run import refresh
from reporting.making import DEFAULT_FILE, make_report
from sampling import data as sample_data
from sampling.money import write_money
from starting.demo import (
    DAILY_REFRESHES, HOW_TO_GO_ON, LANDING, MESSAGES, SAMPLE, TEXT, hand_over, make_room, print_result, somebody,
)


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", type=click.IntRange(1000), default=MESSAGES, show_default=True, metavar="NUMBER", help="How many sample messages.")
def command(messages):
    os.chdir(ROOT)
    os.environ.pop("SIGNUP_ATTRIBUTION_SCHEMA", None)
    database, variables = find_output("duckdb").file, variables_file()
    database.parent.mkdir(parents=True, exist_ok=True)
    make_room(variables, database)
    shutil.rmtree(LANDING, ignore_errors=True)
    variables.write_text(TEXT, encoding="utf-8")

    sample_data.generate(SAMPLE, messages)
    files = sample_data.sample_files(SAMPLE)
    days = sorted({day for day, _, _ in files})
    first_days, last_days = days[:-DAILY_REFRESHES], days[-DAILY_REFRESHES:]
    print(f"Sample messages of {len(days)} days are in {SAMPLE}.")

    print(f"\nFirst refresh, of the messages loaded from {first_days[0]} to {first_days[-1]}:")
    hand_over(file for file in files if file[0] in first_days)
    write_money(SAMPLE, LANDING, first_days[-1])
    plan = plan_refresh("duckdb")
    report = refresh(plan, make_progress("text"))
    print("\n".join(table_lines(report) + summary_lines(report)), flush=True)
    for day in last_days:
        print(f"\nDaily refresh, messages loaded on {day} come in:")
        hand_over(file for file in files if file[0] == day)
        write_money(SAMPLE, LANDING, day)
        report = refresh(plan, make_progress("text"))
        print("\n".join(summary_lines(report)), flush=True)
    print_result(report.totals, database)
    make_report(plan, DEFAULT_FILE, "UTC")
    person = somebody(database)
    tools = shlex.quote(str(shown(Path(sys.executable).parent)))
    print(HOW_TO_GO_ON.format(database=shown(database), variables=shown(variables), report=shown(DEFAULT_FILE), tools=tools, person=person))


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    try:
        return run(command, "demo.py", arguments)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
