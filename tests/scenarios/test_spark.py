"""The tables on Spark with Iceberg equal the oracle's: make test-spark. Skipped where pyspark is not installed.

A statement takes Spark half a second or more, however few rows there are, so one database and one session serve all tests, and each
test continues where the one before left off.
"""

import json
import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")

import snowpark_connect_deps_iceberg  # noqa: E402
from dbt.adapters.spark import session  # noqa: E402

import compact  # noqa: E402
import refresh  # noqa: E402
import samples  # noqa: E402
from common.errors import LOCKED_OUT  # noqa: E402
from database.lease import Lease  # noqa: E402
from database.target import find_target  # noqa: E402
from engines import Spark  # noqa: E402
from harness import Engine, PUBLISHED, as_vars, assert_equal  # noqa: E402
from oracle import Settings  # noqa: E402
from oracle.reporting import Options  # noqa: E402
from test_reporting import SOURCES, assert_marts, business  # noqa: E402, F401

JAR = next(Path(snowpark_connect_deps_iceberg.__file__).parent.glob("jars/iceberg-spark-runtime-3.5_2.12-*.jar"))
# what Spark silently misreads unless it is told: a quote in a text, and a backslash
TRAPS = Settings(own_domains=("example.com",), signup_events=("signed_up", "it's", "a\\b"))
NOON = datetime(2026, 1, 15, 12)
MARTS = Options(report_timezone="America/New_York", time_decay_half_life_days=0.5)
MONEY = {
    **as_vars(TRAPS), "report_timezone": MARTS.report_timezone, "time_decay_half_life_days": MARTS.time_decay_half_life_days,
    "sources": {name: {"schema": "segment", "table": name, "optional": True} for name in SOURCES},
}
# Where the refreshes of the days after the first load die: between a table and its watermark, where a second merge would count twice, and at
# a statement of about 310.
DEATHS = ["merge into sessions_stages.device_sessions", random.Random(5).randrange(100, 300)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = Engine(Spark(tmp_path_factory.mktemp("warehouse"), JAR), tmp_path_factory.mktemp("dbt"))
    made.project.is_served = False  # a process of its own would need a session of its own
    yield made
    made.database.session().stop()
    made.close()


@pytest.fixture(scope="module")
def loads(small_sample_days):
    """A first load with the traps in it, then one for each of the last days."""
    days = len(DEATHS) + 1
    return [samples.together([*small_sample_days[:-days], {"tracks": traps()}]), *small_sample_days[-days:]]


def traps() -> list[dict]:
    """Messages that only a correct reading of SQL gets right."""
    def message(id, user, event, **columns):
        return {"id": id, "user_id": user, "event": event, "timestamp": NOON, "received_at": NOON, **columns}

    return [
        message("trap-quote", "trap-quote", "it's"),
        message("trap-backslash", "trap-backslash", "a\\b"),
        # of two copies the one with a title counts: nulls come last
        message("trap-null", "trap-null", "signed_up"),
        message("trap-null", "trap-null", "signed_up", context_page_title="A title"),
        message("trap-time", "trap-time", "signed_up", timestamp=NOON - timedelta(days=1)),
    ]


class Death(Exception):
    """What a statement meets when the refresh is dead."""


class CommitFailed(Exception):
    """What a statement meets once, when another commit came first."""


@pytest.fixture
def dies(monkeypatch):
    """Called with a number or a text: the refresh dies after so many statements, or after the one with the text. `dies.is_dead` tells.

    Called with a text and CommitFailed: the statement after it fails once.
    """
    send = session.Cursor.execute

    def execute(cursor, sql, *parameters):
        if dies.is_dead:
            dies.is_dead = dies.error is Death
            raise dies.error("org.apache.iceberg.exceptions.CommitFailedException: Version 7 already exists")
        send(cursor, sql, *parameters)
        dies.sent += 1
        dies.is_dead = dies.after == dies.sent or (isinstance(dies.after, str) and dies.after in sql)
        if dies.is_dead and dies.error is CommitFailed:
            dies.after = 0

    def dies(after, error=Death):
        dies.after, dies.error, dies.sent, dies.is_dead = after, error, 0, False

    dies(0)
    monkeypatch.setattr(session.Cursor, "execute", execute)
    return dies


def rows(engine) -> dict[str, list[str]]:
    """All published rows, in a comparable form."""
    return {table: sorted(map(repr, engine.published(table))) for table in PUBLISHED}


def test_first_load(engine, loads):
    engine.receive(loads[0])
    engine.refresh(as_vars(TRAPS))
    assert_equal(engine, loads[:1], TRAPS)


@pytest.mark.parametrize("person", ["trap-quote", "trap-backslash"])
def test_text_in_a_setting(engine, person):
    assert engine.database.query(f"select 1 from sessions.attribution where alias_id = '{person}'")


def test_nulls_come_last(engine):
    (found,) = engine.database.query("select page_title from partitioning.app_tracks where event_id = 'trap-null'")
    assert found["page_title"] == "A title"


def test_a_column_named_like_a_type_is_a_column(engine):
    (found,) = engine.database.query("select occurred_at from partitioning.app_tracks where event_id = 'trap-time'")
    assert found["occurred_at"] == NOON - timedelta(days=1)


def test_refreshes_that_die(engine, loads, dies):
    """The next refresh finishes what they left."""
    for number, death in enumerate(DEATHS, 2):
        engine.receive(loads[number - 1])
        dies(death)
        assert not engine.refresh(as_vars(TRAPS), check=False).success and dies.is_dead, f"it did not die at {death}"
        dies(0)
        engine.refresh(as_vars(TRAPS))
        assert_equal(engine, loads[:number], TRAPS, when=f"after a refresh that died at {death}")


def test_compaction(engine, tmp_path, monkeypatch, capsys):
    """Fewer files hold the same rows; the next test refreshes them."""
    def files():
        warehouse = Path(engine.database.environment["SIGNUP_ATTRIBUTION_WAREHOUSE"])
        return [len([*warehouse.rglob("*.parquet")])] + [
            engine.database.query(f"select count(*) as count from {table}.files")[0]["count"]
            for table in ("partitioning.app_tracks", "sessions_stages.session_visits", "sessions.attribution")]

    in_environment(engine, tmp_path, monkeypatch)
    held, before, lease = files(), rows(engine), Lease(find_target("spark", engines=("spark",)))
    assert lease.acquire() and compact.main(["--target", "spark"]) == LOCKED_OUT
    lease.release()
    assert compact.main(["--target", "spark", "--older-than", "1s", "--orphans"]) == 0, capsys.readouterr().err
    assert "sessions_stages.session_visits: " in capsys.readouterr().out
    assert rows(engine) == before
    assert all(fewer < many for fewer, many in zip(files(), held)), (held, files())


def test_a_day_then_nothing_then_all_again(engine, loads, business, project_seeds):  # noqa: F811
    """With the marts, which catch up with what they missed."""
    for load in (loads[-1], *business):
        engine.receive(load)
    refused = engine.project.run("run", "--select", "+device_sessions", "--exclude", "merged_visits", vars=as_vars(TRAPS), reporting=True)
    assert not refused.success and "select it too (--select merged_visits+)" in refused.error, "rows of an earlier batch are read"
    engine.refresh(MONEY, reporting=True)
    assert_equal(engine, loads, TRAPS)
    assert_marts(engine, loads, business, MARTS, project_seeds, "after a day", TRAPS)
    before = rows(engine)
    engine.refresh(MONEY, reporting=True)
    assert rows(engine) == before, "a refresh without new messages changed something"
    assert_marts(engine, loads, business, MARTS, project_seeds, "after nothing", TRAPS)
    engine.refresh(MONEY, full_refresh=True, reporting=True)
    assert rows(engine) == before, "a full refresh made other rows"
    assert_marts(engine, loads, business, MARTS, project_seeds, "after a full refresh", TRAPS)


def in_environment(engine, folder, monkeypatch):
    """Scripts find the database, and write to the folder."""
    monkeypatch.chdir(folder)  # a refresh goes to the project's folder
    for name, value in {**engine.database.environment, "DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder)}.items():
        monkeypatch.setenv(name, value)


def test_the_runner(engine, dies, tmp_path, monkeypatch, capsys):
    """It waits for no dead refresh, repeats what fails temporarily, and completes the log; --check reads."""
    in_environment(engine, tmp_path, monkeypatch)
    command = ["--target", "spark", "--vars", json.dumps(MONEY)]
    other = Lease(find_target("spark", engines=("spark",)))
    assert other.acquire()
    assert refresh.main(command) == LOCKED_OUT and f"by process {os.getpid()} on " in capsys.readouterr().err
    other.ending.set()  # as if it had died
    engine.database.execute(f"update refresh.lease set until = timestamp '{NOON}'")
    engine.load("pages", [{"id": "last", "anonymous_id": "last", "timestamp": NOON, "received_at": datetime(2027, 1, 1)}])
    dies("merge into sessions.all_sessions", CommitFailed)
    assert refresh.main(command) == 0, capsys.readouterr().err
    assert other.take(), "a refresh that ended keeps the lease"
    other.release()
    newest = max(row["batch_id"] for row in engine.fetch("refresh.refresh_log"))
    log = {row["model"]: row for row in engine.fetch("refresh.refresh_log") if row["batch_id"] == newest}
    assert log["attribution"]["attempts"] == 2 and log["app_tracks"]["attempts"] == 1 and log["app_tracks"]["seconds"] > 0
    assert [row["status"] for row in engine.fetch("refresh.refresh_runs") if row["batch_id"] == newest] == ["success"]
    capsys.readouterr()
    assert refresh.main([*command, "--check"]) == 0
    said = capsys.readouterr().out
    assert "PROBLEM" not in said and "pages: segment.pages" in said


def test_dbt_tests(engine):
    """The project's data tests and unit tests, but those whose rows are written in another SQL, and one of a model of many statements."""
    not_here = ["paths_are_taken_apart_into_moves", "a_path_ends_at_the_signup_or_goes_on", "persons_change_by_messages_identity_and_rules",
                "links_are_transitive_and_have_a_limit"]
    outcome = engine.project.run("test", "--exclude", *not_here, vars=MONEY, reporting=True)
    assert outcome.success and len(outcome.statuses) > 300, outcome.error
