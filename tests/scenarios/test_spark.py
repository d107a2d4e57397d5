"""The tables on Spark with Iceberg equal the oracle's: make test-spark. Skipped where pyspark is not installed.

A statement takes Spark half a second or more, however few rows there are, so one database and one session serve all tests, and each
test continues where the one before left off.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")

import snowpark_connect_deps_iceberg  # noqa: E402
from dbt.adapters.spark import session  # noqa: E402

import samples  # noqa: E402
from engines import Spark  # noqa: E402
from harness import Engine, PUBLISHED, as_vars, assert_equal  # noqa: E402
from oracle import Settings  # noqa: E402

JAR = next(Path(snowpark_connect_deps_iceberg.__file__).parent.glob("jars/iceberg-spark-runtime-3.5_2.12-*.jar"))
# what Spark silently misreads unless it is told: a quote in a text, and a backslash
TRAPS = Settings(own_domains=("example.com",), signup_events=("signed_up", "it's", "a\\b"))
NOON = datetime(2026, 1, 15, 12)
# Where the refreshes of the days after the first load die: between a table and its watermark, where a second merge would count twice, and at
# a statement of about 450.
DEATHS = ["merge into sessions_stages.device_sessions", random.Random(5).randrange(100, 400)]


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


@pytest.fixture
def dies(monkeypatch):
    """Called with a number or a text: the refresh dies after so many statements, or after the one with the text. `dies.is_dead` tells."""
    send = session.Cursor.execute

    def execute(cursor, sql, *parameters):
        if dies.is_dead:
            raise Death("dead")
        send(cursor, sql, *parameters)
        dies.sent += 1
        dies.is_dead = dies.after == dies.sent or (isinstance(dies.after, str) and dies.after in sql)

    def dies(after):
        dies.after, dies.sent, dies.is_dead = after, 0, False

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


def test_a_day_then_nothing_then_all_again(engine, loads):
    engine.receive(loads[-1])
    engine.refresh(as_vars(TRAPS))
    assert_equal(engine, loads, TRAPS)
    before = rows(engine)
    engine.refresh(as_vars(TRAPS))
    assert rows(engine) == before, "a refresh without new messages changed something"
    engine.refresh(as_vars(TRAPS), full_refresh=True)
    assert rows(engine) == before, "a full refresh made other rows"
