"""What must hold of the reference for any messages, and what it says of real ones."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings as hypothesis_settings
from hypothesis import strategies as st

import strategies
from oracle import COLUMNS, Rules, Settings, compute
from oracle.example_seeds import write_seeds

SEEDS = Path(__file__).parents[2] / "seeds"
SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
SCENARIO_SETTINGS = Settings(own_domains=strategies.OWN_DOMAINS, ignored_events=strategies.IGNORED_EVENTS,
                             max_users_per_person=strategies.MAX_USERS_PER_PERSON)
PROPERTY = hypothesis_settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="session")
def rules(tmp_path_factory):
    return Rules.read(write_seeds(tmp_path_factory.mktemp("seeds")))


@seed(2026)
@PROPERTY
@given(strategies.scenario(), st.randoms(use_true_random=False))
def test_order_of_rows_in_a_load_and_the_split_into_loads_change_nothing(rules, made, chance):
    tables = compute(made.loads, SCENARIO_SETTINGS, rules)
    together = {}
    for load in made.loads:
        for key, rows in load.items():
            together.setdefault(key, []).extend(rows)
    for rows in together.values():
        chance.shuffle(rows)
    assert compute(together, SCENARIO_SETTINGS, rules) == tables


@seed(2026)
@PROPERTY
@given(strategies.scenario(), st.sampled_from(("timeline", "first", "last")))
def test_conservation(rules, made, policy):
    tables = compute(made.loads, Settings(identity_policy=policy), rules)
    sessions, attribution = tables["all_sessions"], tables["attribution"]
    assert sum(session["event_count"] for session in sessions) == sum(
        message["is_session_event"] for message in tables["app_tracks"])
    assert {session["alias_id"] for session in sessions if session["has_signup"]} == {
        found["alias_id"] for found in attribution}
    for table, key in (("all_sessions", "session_id"), ("touches", "touch_id"), ("attribution", "alias_id")):
        assert len({found[key] for found in tables[table]}) == len(tables[table])
    assert {touch["session_id"] for touch in tables["touches"]} == {s["session_id"] for s in sessions}
    assert all(tuple(found) == COLUMNS[name] for name, rows in tables.items() for found in rows)


@seed(2026)
@PROPERTY
@given(st.lists(strategies.scenario(), min_size=2, max_size=3))
def test_scenarios_that_share_a_run_do_not_touch_each_other(rules, made):
    apart = [strategies.prefixed(one, f"e{number}-") for number, one in enumerate(made)]
    merged = compute(strategies.merge(apart), SCENARIO_SETTINGS, rules)
    for name, rows in merged.items():
        alone = [found for one in apart for found in compute(one.loads, SCENARIO_SETTINGS, rules)[name]]
        assert sorted(map(repr, rows)) == sorted(map(repr, alone))


def test_fifty_thousand_messages(rules):
    chance = random.Random(1)
    start = datetime(2026, 1, 31, 23, 40)
    pages = [{"id": f"e{n}", "anonymous_id": f"a{int(chance.paretovariate(0.5)) % 5000}",
              "timestamp": start + timedelta(seconds=12 * n)} for n in range(50_000)]
    tables = compute({"pages": pages}, Settings(), rules)
    assert sum(session["event_count"] for session in tables["all_sessions"]) == 50_000


def channel_cases():
    for path in sorted(SHARED_DATA.glob("channels/*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def test_channel_rules_agree_with_published_cases():
    cases = list(channel_cases())
    if not cases or not (SEEDS / "channel_rules.csv").exists():
        pytest.skip(f"needs {SHARED_DATA / 'channels'} and {SEEDS}")
    seeds = Rules.read(SEEDS)
    wrong = [(case, got) for case in cases
             if (got := seeds.channel(case["source"] or None, case["medium"] or None, case["campaign"] or None))
             != case["expected_channel"]]
    assert wrong == []


@pytest.mark.parametrize("name, sessions", [
    ("elastic_apache", 3_223), ("webtrackr", 820), ("wikimedia_reconstructr", 23_188)])
def test_real_logs(name, sessions):
    path = SHARED_DATA / name / "pages.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not part of the project")
    duckdb = pytest.importorskip("duckdb")
    result = duckdb.connect().execute("select * from read_parquet(?)", [str(path)])
    columns = [column[0] for column in result.description]
    rows = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    assert len(compute({"pages": rows}, Settings(), Rules())["all_sessions"]) == sessions
