"""Whose rows a refresh recomputes, and from when on, even when models lag behind, are rebuilt alone, or run at random."""

import random
from datetime import datetime, timedelta
from itertools import count

import pytest

import strategies
from conftest import on_duckdb
from harness import all_differences, as_vars, assert_equal, describe
from oracle import Settings
from samples import together
from test_properties import EXAMPLES, draw_scenarios
from test_resume import models_of, run

STARTED = datetime(2026, 3, 1, 10)
SCENARIOS = 60  # that share a database in the random test
NUMBERS = count()


def at(minutes, day=0):
    return STARTED + timedelta(days=day, minutes=minutes)


def message(device, user, when, load, **columns):
    """A raw row; `load` numbers the load it comes in."""
    return {"id": f"message {next(NUMBERS):03}", "anonymous_id": device, "user_id": user, "timestamp": when,
            "uuid_ts": at(0, 30 + load), **columns}


def page(device, user, when, load, url="https://shop.example/"):
    return message(device, user, when, load, url=url)


def up_to(engine, name):
    """Run the models up to this one, as if the refresh had died after it."""
    models = models_of(engine)
    run(engine, models[:models.index(name) + 1])


def without(engine, selection):
    """Run all models but these."""
    assert engine.project.run("run", "--exclude", selection).success


@on_duckdb
@pytest.mark.parametrize("later", [[120], [120, 60]])
def test_first_page_after_the_signup(engine, later):
    """The first page a person ever saw may come after the sign-up, and even later in another load."""
    loads = [{"tracks": [message("a", None, at(0), 0, event="signed_up")]},
             *({"pages": [page("a", None, at(minutes), number, f"https://shop.example/{minutes}")]}
               for number, minutes in enumerate(later, 1))]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh()
        assert_equal(engine, loads[:number], when=f"after load {number}")


def test_change_that_a_later_run_finds_pending(duckdb_engine):
    """A session whose visits were found by two runs that died is one session, then and at the next refresh."""
    engine = duckdb_engine
    loads = [{"pages": [page("one", "u", at(0, -3), 0), page("two", "u", at(50, -3), 0)]},
             {"pages": [page("one", "u", at(0), 1)]}, {"pages": [page("two", "u", at(15), 2)]}]
    engine.receive(loads[0])
    engine.refresh()
    engine.receive(loads[1])
    up_to(engine, "changed_persons")
    engine.receive(loads[2])
    without(engine, "changed_persons+")
    run(engine, ["changed_persons+"])
    assert_equal(engine, loads[:2], when="after the runs that died")
    engine.refresh()
    assert_equal(engine, loads, when="after the next refresh")


def lose_a_visit():
    """Two loads: after the second, a visit of each of two people, one of whom has another visit, belongs to somebody else."""
    pages = [page("device", None, at(0), 0), page("device", "second", at(0, 5), 0), page("other device", None, at(0), 0)]
    return [{"pages": pages}, {"identifies": [message("device", "first", at(0, 2), 1), message("other device", "third", at(0, 2), 1)]}]


@pytest.mark.parametrize("stop, rebuilt", [
    (lambda engine: up_to(engine, "session_visits"), "changed_persons"),
    (lambda engine: without(engine, "changed_persons+"), "session_visits"),
], ids=["list of persons", "what tells whose a visit was"])
def test_a_rebuilt_table_loses_no_visit(duckdb_engine, stop, rebuilt):
    """After a run that stopped, the table that says whom the batch concerns is rebuilt alone."""
    engine, loads = duckdb_engine, lose_a_visit()
    engine.receive(loads[0])
    engine.refresh()
    engine.receive(loads[1])
    stop(engine)
    run(engine, [rebuilt], full_refresh=True)
    engine.refresh()
    assert_equal(engine, loads)


def test_classes_rebuilt(duckdb_engine):
    """An edited rule (here attributed_channels) is not forgotten when the classes alone are built from scratch."""
    engine, widened = duckdb_engine, Settings(attributed_channels=("Email",))
    loads = [{"pages": [page("a", None, at(0), 0, "https://shop.example/?utm_source=letter&utm_medium=email")],
              "tracks": [message("a", None, at(1), 0, event="signed_up")]}]
    engine.receive(loads[0])
    engine.refresh()
    run(engine, ["evidence_classes"], full_refresh=True, variables=as_vars(widened))
    engine.refresh(as_vars(widened))
    assert_equal(engine, loads, widened)


def test_seeds_alone(duckdb_engine):
    outcome = duckdb_engine.project.run("build", "--select", "resource_type:seed")
    assert outcome.success, outcome.error


def selection(models, choice):
    """Models of one random run: those up to one, those from one on, some of them, or all."""
    number = choice.randrange(6, len(models))
    return choice.choice([models[:number], models[number:], [one for one in models if choice.random() < 0.7], models])


@pytest.mark.parametrize("seed", range(1, 1 + max(1, EXAMPLES // 500)))
def test_random_runs_of_some_models(duckdb_engine, project_seeds, seed):
    """Whatever runs or is refused in between, the next whole refresh has everything, once."""
    engine, choice = duckdb_engine, random.Random(seed)
    scenarios = draw_scenarios(SCENARIOS, 9000 + seed)
    loads = strategies.merge(strategies.prefixed(made, f"e{number}-") for number, made in enumerate(scenarios))
    loads = [*loads[:2], together(loads[2:])]
    settings = Settings(identity_policy=choice.choice(("timeline", "first", "last")), own_domains=strategies.OWN_DOMAINS,
                        ignored_events=strategies.IGNORED_EVENTS, max_users_per_person=strategies.MAX_USERS_PER_PERSON)
    variables = {**as_vars(settings), "sources": strategies.SOURCES}
    engine.receive(loads[0])
    engine.refresh(variables)
    models, runs = models_of(engine), []
    for number, load in enumerate(loads[1:], 2):
        engine.receive(load)
        for _ in range(2):
            runs.append(selection(models, choice))
            run(engine, runs[-1], check=False, variables=variables)
        engine.refresh(variables)
        found = all_differences(engine, loads[:number], settings, project_seeds)
        assert not found, f"seed {seed}, after load {number}\n{describe(found)}\nruns of:\n" + "\n".join(map(str, runs))
