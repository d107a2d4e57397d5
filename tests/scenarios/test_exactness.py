"""The tables equal the oracle's exactly, however messages arrive and refreshes run."""

from datetime import timedelta

import pytest

import samples
from conftest import on_duckdb
from harness import PUBLISHED, as_vars, assert_equal
from oracle import Settings
from restated import History

SITE = Settings(own_domains=("example.com",))
LAST_DAYS = 6

# Several settings at a time: each refresh takes seconds.
SETTINGS = {
    "first": Settings(
        identity_policy="first", attribution_lookback_days=2.5, ignored_events=("Clicked CTA", "Pricing"),
        own_domains=("example.com", "paypal.com", "google.com")),
    "lookback": Settings(
        attribution_lookback_days=0, attributed_channels=("Organic Search", "Direct")),
    "odd": Settings(
        identity_policy="last", session_gap_minutes=0.5, entry_window_seconds=0, max_clock_skew_minutes=0,
        signup_events=("signed_up", "Pricing"), ignored_events=("signed_up",), blog_url_pattern="https://www.%o%"),
}


@pytest.fixture(scope="module")
def days(small_sample_days):
    """A first load, then one load for each of the last days."""
    return [samples.together(small_sample_days[:-LAST_DAYS]), *small_sample_days[-LAST_DAYS:]]


def snapshot(engine):
    """All published rows, in a comparable form."""
    return {table: sorted(map(repr, engine.published(table))) for table in PUBLISHED}


def test_first_load_then_a_refresh_a_day(engine, sample_days, project_seeds):
    loads = [samples.together(sample_days[:-2]), *sample_days[-2:]]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh(as_vars(SITE))
        assert_equal(engine, loads[:number], SITE, project_seeds, f"after load {number}")
    before = snapshot(engine)
    engine.refresh(as_vars(SITE))
    assert snapshot(engine) == before, "a refresh without new messages changed something"
    engine.refresh(as_vars(SITE), full_refresh=True)
    assert snapshot(engine) == before, "a full refresh made other rows"


@pytest.mark.parametrize("engine, name", [*(("duckdb", name) for name in SETTINGS), ("postgres", "odd")], indirect=["engine"])
def test_settings(engine, days, project_seeds, name):
    settings, loads = SETTINGS[name], [samples.together(days[:-1]), days[-1]]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh(as_vars(settings))
        assert_equal(engine, loads[:number], settings, project_seeds, f"after load {number}")


BUILT_IN_PARTS = {"device_sessions": "first_at", "session_visits": "visit_start", "touches": "touch_timestamp"}


def test_little_memory(duckdb_engine, days, project_seeds):
    """What is built from scratch part by part is the same."""
    engine, loads = duckdb_engine, [samples.together(days[:-1]), days[-1]]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh({**as_vars(SITE), "build_rows_per_gb": 10})
        assert_equal(engine, loads[:number], SITE, project_seeds, f"after load {number}")
        for table, time in BUILT_IN_PARTS.items():
            # the rows of a part are in the order of time
            (found,) = engine.database.query(
                f"select count(*) as begun from (select {time} < lag({time}) over (order by rowid) as is_earlier "
                f"from sessions_stages.{table}) as compared where is_earlier")
            assert found["begun"] > 0, f"{table} was built at once"


@on_duckdb
def test_other_settings_need_a_full_refresh(engine, days, project_seeds):
    engine.receive(days[0])
    engine.refresh()
    history = History(engine)
    history.add()
    before = snapshot(engine)
    changed = Settings(identity_policy="last", session_gap_minutes=5, signup_events=("Pricing",))
    refused = engine.refresh(as_vars(changed), check=False)
    assert not refused.success and "--full-refresh" in refused.error
    assert snapshot(engine) == before
    # A full refresh that died half-way, and a refresh that continues it.
    engine.refresh(as_vars(changed), full_refresh=True, select="+device_sessions")
    engine.receive(days[1])
    engine.refresh(as_vars(changed))
    assert_equal(engine, days[:2], changed, project_seeds)
    rows = history.add()
    assert {row["cause"] for row in rows} == {"setting"} and 'identity_policy: "timeline", now "last"' in rows[0]["cause_detail"]


@on_duckdb
def test_attributed_channels_may_change(engine, days, project_seeds):
    channels = [(), ("Organic Search", "Email"), ("Direct", "Untracked")]
    for number, (load, names) in enumerate(zip([days[0], days[1], {}], channels), 1):  # the last without messages
        settings = Settings(attributed_channels=names)
        engine.receive(load)
        engine.refresh(as_vars(settings))
        assert_equal(engine, days[:min(number, 2)], settings, project_seeds, f"in refresh {number}")


def test_since_finds_what_came_late(engine, days, project_seeds):
    """Rows put into the source long after their load time: only --since looks back that far."""
    # Of the big collections: they have rows of every later day, so that their newest load time is later.
    late = {collection: days[1][collection] for collection in ("tracks", "pages")}
    others = samples.together([days[0], *days[2:]])
    engine.receive(others)
    no_overlap = {"reload_overlap_hours": 0}
    engine.refresh(no_overlap)
    engine.receive(late)
    before = snapshot(engine)
    engine.refresh(no_overlap)
    assert snapshot(engine) == before
    oldest = min(row["uuid_ts"] for rows in late.values() for row in rows)
    engine.refresh(no_overlap, since=(oldest - timedelta(days=1)).date())
    # In the order in which they came into the tables.
    assert_equal(engine, [others, late], Settings(), project_seeds)
