"""Random, nasty sets of messages: after every load the tables equal the oracle's.

Many scenarios share one database: their ids get a prefix each, so they do not meet. EXAMPLES is how
many scenarios DuckDB gets, and a fifth of it PostgreSQL; HYPOTHESIS_SEED or --hypothesis-seed chooses
others than usual.

    EXAMPLES=1000 HYPOTHESIS_SEED=5 pytest tests/scenarios/test_properties.py
"""

import hashlib
import os
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings as hypothesis_settings

import strategies
from database.target import find_target
from erasing.erase import erase
from harness import all_differences, as_vars, describe
from oracle import Settings, compute, erased, without
from project import environment
from restated import History

EXAMPLES = int(os.environ.get("EXAMPLES", "50"))
POSTGRES_EXAMPLES = max(20, EXAMPLES // 5)
PER_DATABASE = 50
ERASED_AFTER = 2  # loads
POLICIES = ("timeline", "first", "last")
USUAL_SEED = 2026
CHANNEL, OTHER_NAME = "Referral", "Elsewhere"
PREFIX = re.compile(r"e\d+-")


def draw_scenarios(count, seed_number):
    """This many different scenarios; the same for the same seed.

    Hypothesis only makes them: it does not shrink, since the message names the scenario that fails.
    """
    made = []

    @seed(seed_number)
    @hypothesis_settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
                         suppress_health_check=list(HealthCheck))
    @given(strategies.scenario())
    def collect(scenario):
        made.append(scenario)

    collect()
    return made


@pytest.fixture
def seed_number(request):
    chosen = os.environ.get("HYPOTHESIS_SEED") or request.config.getoption("--hypothesis-seed", None)
    return int(chosen) if chosen else USUAL_SEED


def test_duckdb(duckdb_session, project_seeds, seed_number):
    check_all(duckdb_session, project_seeds, EXAMPLES, seed_number)


def test_postgres(postgres_session, project_seeds, seed_number):
    check_all(postgres_session, project_seeds, POSTGRES_EXAMPLES, seed_number + 1)


def check_all(engine, rules, count, seed_number):
    """Check this many scenarios, as many at a time as share a database, with the identity policies in turn."""
    scenarios = draw_scenarios(count, seed_number)
    assert len(scenarios) == count
    for number, start in enumerate(range(0, count, PER_DATABASE)):
        settings = Settings(identity_policy=POLICIES[(number + seed_number) % len(POLICIES)], own_domains=strategies.OWN_DOMAINS,
                            ignored_events=strategies.IGNORED_EVENTS, max_users_per_person=strategies.MAX_USERS_PER_PERSON,
                            max_event_age_days=(strategies.MAX_EVENT_AGE_DAYS, None)[number % 2])
        apart = {f"e{n}-": strategies.prefixed(made, f"e{n}-")
                 for n, made in enumerate(scenarios[start:start + PER_DATABASE], start)}
        try:
            check(engine, rules, apart, settings)
        finally:
            rename_channel(engine, rules, OTHER_NAME, CHANNEL)


def rename_channel(engine, rules, old, new):
    """The rules with another name for a channel; the database has them too, as if the seed had been edited."""
    engine.database.execute(f"update seeds.channel_rules set channel = '{new}' where channel = '{old}'")
    return replace(rules, channel_rules=[{**row, "channel": new if row["channel"] == old else row["channel"]} for row in rules.channel_rules])


def check(engine, rules, apart, settings):
    """Load by load: refresh and compare with the oracle, and erase somebody of every second scenario; at the end also rebuild all tables.

    A rule, a setting and the overrides change with each load. The log of restatements adds up.
    """
    engine.reset()
    loads, history, gone = strategies.merge(apart.values()), History(engine), None
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        overrides = strategies.overrides_after(apart.values(), number)
        engine.override(overrides)
        if number > 1:
            names = (OTHER_NAME, CHANNEL) if number % 2 or number == len(loads) else (CHANNEL, OTHER_NAME)
            rules = rename_channel(engine, rules, *names)
        settings = replace(settings, attributed_channels=("Organic Search", "Referral") if number % 2 == 0 else ())
        variables = {**as_vars(settings), "sources": strategies.SOURCES}
        engine.refresh(variables)
        overrides = gone.of_others(overrides, rules) if gone else overrides
        complain(all_differences(engine, loads[:number], settings, rules, overrides), apart, f"{settings}, after load {number}")
        assert all(row["cause_detail"] for row in history.add() if row["cause"] in ("late_message", "setting", "rule"))
        if number == min(ERASED_AFTER, len(loads)):
            ids = somebody_of(compute(loads[:number], settings, rules, overrides)["aliases"])
            gone = erased(loads[:number], ids, settings, rules, overrides)
            with environment(engine.database.environment):
                counts, unknown = erase(find_target(engine.name), ids)
            assert counts.messages == len(gone.messages) > 0 and not unknown
            history.forget()
            loads, overrides = without(loads, gone, settings, rules), gone.of_others(overrides, rules)
            # the next refresh looks again at who is linked by what is left of a group that was too large
            engine.refresh(variables)
            complain(all_differences(engine, loads[:number], settings, rules, overrides), apart, f"{settings}, after erasing {ids}")
            history.add()
    engine.refresh(variables, full_refresh=True)
    complain(all_differences(engine, loads, settings, rules, overrides), apart, f"{settings}, after a full refresh")
    assert not history.add()


def somebody_of(aliases):
    """An id of every second scenario, whichever comes first in some order."""
    ids = {}
    for one in sorted((row["id"] for row in aliases), key=lambda id_: hashlib.md5(id_.encode()).digest()):
        if (match := PREFIX.match(one)) and int(match[0][1:-1]) % 2 == 0:
            ids.setdefault(match[0], one)
    return list(ids.values())


def complain(found, apart, when):
    """Fail, with the messages of the smallest scenario whose rows differ."""
    if not found:
        return
    wrong = {match[0] for one in found for value in one.key.values() if (match := PREFIX.match(value or ""))}
    message = f"{when}: {len(wrong)} scenarios differ from the oracle: {', '.join(sorted(wrong))}"
    if not wrong:  # rejected rows without an id
        pytest.fail(f"{message}\n{describe(found)}")
    smallest = min(wrong, key=lambda prefix: (len(str(apart[prefix])), prefix))
    mine = [one for one in found if any((value or "").startswith(smallest) for value in one.key.values())]
    rows = [f"  load {number}, {collection}: {({c: v for c, v in row.items() if v is not None})}"
            for number, load in enumerate(apart[smallest].loads, 1)
            for collection, those in load.items() for row in those]
    rows += [f"  overrides after load {number}: {said}" for number, said in enumerate(apart[smallest].overrides, 1) if said]
    pytest.fail("\n".join([message, describe(mine), f"The messages of {smallest}", *rows]))
