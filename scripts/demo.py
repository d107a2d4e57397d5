"""Show the whole thing on sample data: a first refresh, then one a day, what came out, and the report.

    make demo

Everything goes to target/sample (the messages) and target/demo (where they are handed over day by day, and the
DuckDB file); the report is target/report.html. What was there is replaced.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

import duckdb
import yaml

import sample_data
from refresh import ROOT, make_progress, plan_refresh, refresh
from refresh_plan import RefreshError
from refresh_report import first_session_share, summary_lines, table_lines
from report import DEFAULT_FILE, make_report
from sample_money import write_money

MESSAGES = 50_000
DAILY_REFRESHES = 3  # this many of the last days come one by one
SAMPLE, DEMO = Path("target/sample"), Path("target/demo")  # below the project's folder
LANDING, VARIABLES, DATABASE = DEMO / "landing", DEMO / "vars.yml", DEMO / "signup_attribution.duckdb"
MONEY = ("ad_spend", "subscriptions")
SETTINGS = {
    "sources": {
        **{collection: {"files": f"{LANDING}/{collection}/*.parquet"} for collection in sample_data.COLLECTIONS},
        **{name: {"files": f"{LANDING}/{name}.csv"} for name in MONEY},
    },
    "own_domains": ["example.com"],
    # Messages that a server sends on its own are no visit.
    "ignored_events": ["invoice_paid", "email_delivered"],
}
TOP_SOURCES = """
    select {touch}_source as source, {touch}_medium as medium, count(*) as signups,
        round(100 * avg(signed_up_in_first_session::int), 1) as percent_first_session
    from sessions.attribution group by all order by signups desc, source, medium limit 8
"""
TRY = ("select last_touch_channel, count(*) as signups, round(avg(days_to_signup), 1) as days_to_signup, "
       "round(avg(session_count_before_signup), 1) as sessions_before "
       "from sessions.attribution group by all order by signups desc")


def hand_over(files):
    """Put sample files where the refresh looks for messages."""
    for _, collection, path in files:
        (LANDING / collection).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, LANDING / collection)


def python() -> str:
    """The Python that runs this, as one types it in the project's folder."""
    path = Path(sys.executable)
    return shlex.quote(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def query_to_try(database=DATABASE) -> str:
    """A shell command, for the project's folder, that queries the tables."""
    code = f"import duckdb; duckdb.connect('{database}', read_only=True).sql('{TRY}').show()"
    return f'{python()} -c "{code}"'


def table(connection, query: str) -> str:
    """The rows of a query as text in columns."""
    result = connection.execute(query)
    rows = [[column[0] for column in result.description]]
    rows += [["" if value is None else str(value) for value in row] for row in result.fetchall()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def run():
    """Make the data, refresh, print. Raises RefreshError."""
    os.chdir(ROOT)
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    VARIABLES.write_text(yaml.safe_dump(SETTINGS, sort_keys=False), encoding="utf-8")
    os.environ["SIGNUP_ATTRIBUTION_DUCKDB"] = str(DATABASE)
    os.environ.pop("SIGNUP_ATTRIBUTION_SCHEMA", None)

    sample_data.generate(SAMPLE, MESSAGES)
    files = sample_data.sample_files(SAMPLE)
    days = sorted({day for day, _, _ in files})
    first_days, last_days = days[:-DAILY_REFRESHES], days[-DAILY_REFRESHES:]
    print(f"Sample messages of {len(days)} days are in {SAMPLE}.")

    print(f"\nFirst refresh, of the messages loaded from {first_days[0]} to {first_days[-1]}:")
    hand_over(file for file in files if file[0] in first_days)
    write_money(SAMPLE, LANDING, first_days[-1])
    plan = plan_refresh("duckdb", variables=str(VARIABLES))
    report = refresh(plan, make_progress("text"))
    print("\n".join(table_lines(report) + summary_lines(report)), flush=True)
    for day in last_days:
        print(f"\nDaily refresh, messages loaded on {day} come in:")
        hand_over(file for file in files if file[0] == day)
        write_money(SAMPLE, LANDING, day)
        report = refresh(plan, make_progress("text"))
        print("\n".join(summary_lines(report)), flush=True)
    print_result(report.totals)
    print(f"The report is in {make_report(plan, DEFAULT_FILE, 'UTC').relative_to(ROOT)}: open it in a browser.")


def print_result(totals: dict[str, int]):
    """What came out, where it is, and how to go on."""
    print(f"\n{totals['messages']:,} messages and {totals['rejected']:,} rejected ones, "
          f"{totals['sessions']:,} sessions of {totals['persons']:,} persons, {totals['signups']:,} sign-ups{first_session_share(totals)}.")
    with duckdb.connect(str(DATABASE), read_only=True) as connection:
        for touch in ("first_touch", "last_touch"):
            print(f"\nTop sources by {touch.replace('_', ' ')}:")
            print(table(connection, TOP_SOURCES.format(touch=touch)))
    print(f"\nThe tables are in {DATABASE}:\nsessions.attribution, sessions.all_sessions, sessions.useful_sessions, "
          "sessions_stages.touches, aliasing.aliases,\npartitioning.app_tracks, partitioning.rejected_events")
    print(f"Try:\n\n{query_to_try()}\n")
    print(f"Refresh again:\n\nSIGNUP_ATTRIBUTION_DUCKDB={DATABASE} {python()} scripts/refresh.py --vars {VARIABLES}\n")


def main() -> int:
    """Run the demo; returns the exit code."""
    try:
        run()
    except RefreshError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
