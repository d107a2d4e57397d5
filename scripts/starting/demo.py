"""The demo: sample data, refreshes of it, and the results."""

import os
import shlex
import shutil
import sys
from pathlib import Path

import duckdb
from tabulate import tabulate

from common.errors import RefreshError
from common.project import FILE_VARIABLE, ROOT, read_queries, shown, variables_file
from database.published import published_file, spare_of
from database.target import database_errors, find_target
from refreshing.options import plan_refresh
from refreshing.progress import make_progress
from refreshing.report import first_session_share, summary_lines, table_lines
from refreshing.run import refresh
from reporting.making import DEFAULT_FILE, make_report
from sampling import data as sample_data
from sampling.data import write_money

MESSAGES = 50_000
DAILY_REFRESHES = 3  # this many of the last days come one by one
SAMPLE, LANDING = Path("target/sample"), Path("target/demo")  # below the project's folder
# Those of the demo; the ignored events are messages that a server sends on its own, which are not visits.
TEXT = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
queries = read_queries(Path(__file__).with_suffix(".sql"))
HOW_TO_GO_ON = """
The tables are in {database}, the variables in {variables}, and the report is {report}: open it in a browser.
Go on with:

    {tools}/dbt show --select channels_by_month
    {tools}/python scripts/explain.py {person}
    {tools}/python scripts/metrics.py query --metrics signups,cac --group-by metric_time__month
    {tools}/python scripts/refresh.py
"""


def is_of_the_demo(variables: Path) -> bool:
    """Whether the file of variables is as a demo left it, and so are the tables."""
    return variables.is_file() and variables.read_text(encoding="utf-8", errors="replace") == TEXT


def make_room(variables: Path, database: Path):
    """Remove what an earlier demo left. Raises RefreshError if something else is in its place."""
    if variables.exists() and not is_of_the_demo(variables):
        raise RefreshError(f"{variables} is not the demo's, which would replace it: move it away, or name another file in {FILE_VARIABLE}.")
    with database_errors(), duckdb.connect(str(database)) as connection:
        is_empty = not connection.execute("select 1 from duckdb_tables() limit 1").fetchone()
    if not is_empty and not variables.exists():
        raise RefreshError(f"{database} is not the demo's, which would replace it: move it away, or name another file in SIGNUP_ATTRIBUTION_DUCKDB.")
    published = published_file(database)
    for path in (database, database.with_name(f"{database.name}.wal"), *((published, spare_of(published)) if published else ())):
        path.unlink(missing_ok=True)


def hand_over(files, days):
    """Put the sample files of these days, and the money up to the last of them, where the refresh looks for them."""
    for day, collection, path in files:
        if day in days:
            (LANDING / collection).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, LANDING / collection)
    write_money(SAMPLE, LANDING, days[-1])


def print_result(totals: dict[str, int], database: Path) -> str:
    """Print the results; returns the id of a person with a story."""
    print(f"\n{totals['messages']:,} messages and {totals['rejected']:,} rejected ones, "
          f"{totals['sessions']:,} sessions of {totals['persons']:,} persons, {totals['signups']:,} sign-ups{first_session_share(totals)}.")
    with duckdb.connect(str(database), read_only=True) as connection:
        for touch in ("first_touch", "last_touch"):
            print(f"\nTop sources by {touch.replace('_', ' ')}:")
            result = connection.execute(queries.top_sources.format(touch=touch))
            headers = [column[0] for column in result.description]
            print(tabulate(result.fetchall(), headers, tablefmt="plain", disable_numparse=True))
        return connection.execute(queries.somebody).fetchone()[0]


def show(messages: int):
    """The whole demo. Raises RefreshError, OSError."""
    os.chdir(ROOT)
    os.environ.pop("SIGNUP_ATTRIBUTION_SCHEMA", None)
    database, variables = find_target("duckdb").file, variables_file()
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
    hand_over(files, first_days)
    plan = plan_refresh("duckdb")
    report = refresh(plan, make_progress("text"))
    print("\n".join(table_lines(report) + summary_lines(report)), flush=True)
    for day in last_days:
        print(f"\nDaily refresh, of the messages loaded on {day}:")
        hand_over(files, [day])
        report = refresh(plan, make_progress("text"))
        print("\n".join(summary_lines(report)), flush=True)
    person = print_result(report.totals, database)
    make_report(plan, DEFAULT_FILE, "UTC")
    tools = shlex.quote(str(shown(Path(sys.executable).parent)))
    print(HOW_TO_GO_ON.format(database=shown(database), variables=shown(variables), report=shown(DEFAULT_FILE), tools=tools, person=person))
