"""The health check, on a view as a refresh leaves it."""

from datetime import datetime, timedelta, timezone

import pytest

import health
from project import environment
from refreshing.health import problem, summary

COLUMNS = {
    "last_success_at": "timestamp", "newest_message_at": "timestamp", "newest_message_lag_seconds": "double precision",
    "last_duration_seconds": "double precision", "median_duration_seconds": "double precision", "last_error": "text",
    "last_status": "text",
}
NOW = datetime(2026, 3, 2, 8)


def state(hours_ago=3.0, lag_hours=4.0, status="success", error=None):
    """A row of the view; no success and no message for None."""
    ago = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    lag = None if lag_hours is None else lag_hours * 3600
    newest = None if lag is None else NOW - timedelta(seconds=lag)
    return dict(zip(COLUMNS, (ago, newest, lag, 62.4, 60.0, error, status)))


@pytest.mark.parametrize("row, max_lag, words", [
    (state(), None, None), (state(hours_ago=25.9, lag_hours=None), None, None), (state(lag_hours=500), None, None),
    (state(lag_hours=4), 5, None), (state(status="running"), None, None),
    (state(hours_ago=26.1), None, "26.1 h ago, more than 26.0 h"), (state(hours_ago=72), None, "was 3.0 days ago"),
    (state(hours_ago=None, status="failed"), None, "has succeeded yet"),
    (state(status="failed"), None, "did not succeed (failed)"),
    (state(status="failed", error="The disk is full."), None, "did not succeed (failed: The disk is full): run"), (state(status="died"), None, "(died)"),
    (state(lag_hours=6), 5, "too old (6.0 h, more than 5.0 h)"), (state(lag_hours=None), 5, "too old (unknown"),
])
def test_what_is_wrong(row, max_lag, words):
    wrong = problem(row, NOW, timedelta(hours=26), max_lag and timedelta(hours=max_lag))
    assert wrong is None if words is None else words in wrong and ": " in wrong and wrong.endswith(".")


def test_what_is_right():
    assert summary(state(), NOW) == (
        "The last refresh succeeded 3.0 h ago, took 62 s (usually 60 s); the newest message is 4.0 h old.")


def test_health(engine, capsys):
    """Before the first refresh, after one that succeeded, and a day too late."""
    def check(*arguments):
        code = health.main(["--target", engine.name, *arguments])
        out, err = capsys.readouterr()
        assert len((out + err).splitlines()) == 1
        return code, out or err

    database = engine.database
    with environment(database.environment):
        assert check() == (1, "No refresh has finished yet: run scripts/refresh.py.\n")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        database.execute(f"create schema refresh; create table refresh.state ({columns}); "
                         "create view refresh.refresh_health as select * from refresh.state")
        assert check() == (1, "No refresh has finished yet: run scripts/refresh.py.\n")
        succeeded = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(hours=2)
        database.execute("insert into refresh.state values "
                         f"(timestamp '{succeeded}', timestamp '{succeeded}', 7200, 61, 60, null, 'success')")
        code, sentence = check()
        assert code == 0 and "succeeded 2.0 h ago" in sentence
        assert check("--max-age", "1h")[0] == check("--max-lag", "60m")[0] == 1 and check("--max-lag", "3")[0] == 0


@pytest.mark.parametrize("variables, arguments, words", [
    ({}, ["--target", "oracle"], "no target oracle"), ({}, ["--max-age", "0h"], "--max-age"), ({}, ["--max-lag", "soon"], "90s, 15m or 2h"),
    ({"PGPORT": "1"}, ["--target", "postgres"], "PostgreSQL cannot be reached"),
    ({"SIGNUP_ATTRIBUTION_DUCKDB": "README.md"}, [], "not a DuckDB database"),
    ({"SIGNUP_ATTRIBUTION_DUCKDB": "no/such/folder/x.duckdb"}, [], "No refresh has finished yet"),
])
def test_what_cannot_be_told(variables, arguments, words, capsys):
    with environment(variables):
        assert health.main(arguments) == 1
    err = capsys.readouterr().err
    assert words in err and len(err.splitlines()) == 1 and ": " in err
