"""Runs that stop between two models, or run only some: the next full run brings everything, exactly once."""

from graphlib import TopologicalSorter

import pytest

import samples
from conftest import on_duckdb
from harness import assert_equal, as_vars
from oracle import Settings

SITE = Settings(own_domains=("example.com",))
VARIABLES = as_vars(SITE)


@pytest.fixture(scope="module")
def loads(small_sample_days):
    """A first load, which has most days, and one for each of the days after it."""
    return [samples.together(small_sample_days[:-9]), *small_sample_days[-9:]]


@pytest.fixture
def models(engine):
    return models_of(engine)


def models_of(engine) -> list[str]:
    """The names of the models that make a table, parents before children; without those of reporting."""
    nodes = {key: node for key, node in engine.project.manifest().nodes.items() if node.resource_type in ("model", "seed")}
    order = TopologicalSorter({key: sorted(node.depends_on_nodes) for key, node in nodes.items()}).static_order()
    return [nodes[key].name for key in order if key in nodes
            and nodes[key].resource_type == "model" and nodes[key].config.materialized != "ephemeral"
            and "reporting" not in nodes[key].fqn]


def run(engine, models, full_refresh=False, check=True, variables=None):
    """Run just these models, without the seeds."""
    arguments = [*(["--full-refresh"] if full_refresh else []), "--select", *models]
    outcome = engine.project.run("run", *arguments, vars=variables)
    assert outcome.success or not check, outcome.error
    return outcome


def test_models_in_order(models):
    assert models.index("batch_messages") < models.index("app_tracks") < models.index("touches") < models.index("attribution")


def test_refreshes_that_died(engine, loads, models):
    """Each stops after a different number of models, in one case right after another that stopped, and new messages keep coming."""
    engine.receive(loads[0])
    engine.refresh(VARIABLES, select=["resource_type:seed", *models[:len(models) // 2]])
    stops = [len(models) - 1, 3, None, 13, len(models) - 4, None]
    for number, stop in enumerate(stops, 1):
        engine.receive(loads[number])
        if stop is None:
            engine.refresh(VARIABLES)
            assert_equal(engine, loads[:number + 1], SITE, None, f"after refresh {number}")
        else:
            run(engine, models[:stop], variables=VARIABLES)


def test_full_refreshes_that_died(engine, loads, models):
    """A full refresh that stopped is continued by a refresh without the flag, even by one that stops as well."""
    engine.receive(loads[0])
    engine.refresh(VARIABLES)
    engine.receive(loads[1])
    run(engine, models[:9], full_refresh=True, variables=VARIABLES)
    engine.receive(loads[2])
    run(engine, models[:14], variables=VARIABLES)
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:3], SITE)
    run(engine, models[:5], full_refresh=True, variables=VARIABLES)
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:3], SITE)


@on_duckdb
def test_parts_built_from_scratch(engine, loads):
    """A full refresh of a selection either does what it says or is refused by one sentence that says what to select."""
    engine.receive(loads[0])
    engine.refresh(VARIABLES)
    engine.receive(loads[1])
    engine.refresh(VARIABLES)
    # These read a table that holds only what is new.
    for model in ("app_tracks", "rejected_events", "identity_spans", "device_sessions", "all_sessions", "attribution"):
        outcome = run(engine, [model], full_refresh=True, check=False, variables=VARIABLES)
        assert not outcome.success and f"{model} has to be rebuilt" in outcome.error and "--select" in outcome.error
    engine.receive(loads[2])
    for selection in (["touch_evidence", "evidence_classes", "touches"], ["batch_intervals"], ["partitions", "batch_sessions+"],
                      ["changed_persons"]):
        run(engine, selection, full_refresh=True, variables=VARIABLES)
    # The flag concerns the models selected: app_tracks stays, so what it holds does not come again.
    run(engine, ["batch_messages"], full_refresh=True, variables=VARIABLES)
    run(engine, ["repeated_messages", "app_tracks"], variables=VARIABLES)
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:3], SITE)
    run(engine, ["batch_messages", "repeated_messages", "app_tracks"], full_refresh=True, variables=VARIABLES)
    engine.receive(loads[3])
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:4], SITE)


ALONE = ["batch_messages", "batch_messages", "app_tracks", "repeated_messages", "app_tracks", "app_tracks", "batch_intervals",
         "device_sessions", "touch_evidence", "evidence_classes", "changed_persons", "session_visits", "touches",
         "rejected_events", "partitions", "device_sessions", "batch_messages"]


@on_duckdb
def test_models_run_alone_and_again(engine, loads):
    """In whatever order single models run, or are refused, nothing is counted twice and nothing is lost."""
    engine.receive(loads[0])
    engine.refresh(VARIABLES)
    engine.receive(loads[1])
    for model in ALONE:
        run(engine, [model], check=False, variables=VARIABLES)
    engine.receive(loads[2])
    (note,) = run(engine, ["batch_messages"], variables=VARIABLES).notes
    assert "this run leaves out what it lacks (" in note and "nothing new is read before a run with all models" in note
    before = len(engine.fetch("partitioning.app_tracks", "event_id"))
    run(engine, ["app_tracks"], variables=VARIABLES)  # it waits for repeated_messages
    assert len(engine.fetch("partitioning.app_tracks", "event_id")) == before
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:3], SITE)


@on_duckdb
def test_models_left_out(engine, loads):
    """Models that a run leaves out are brought up to date by the next one, and so are those that read them."""
    engine.receive(loads[0])
    engine.refresh(VARIABLES)
    engine.receive(loads[1])
    engine.project.run("run", "--exclude", "evidence_combinations", vars=VARIABLES)
    engine.receive(loads[2])
    engine.project.run("run", "--exclude", "device_owners", vars=VARIABLES)
    engine.refresh(VARIABLES)
    assert_equal(engine, loads[:3], SITE)


def test_a_table_is_sampled_when_it_changed(postgres_engine, loads):
    """Planner statistics are refreshed for tables that changed; a refresh that changes nothing leaves all of them alone."""
    def samples_taken():
        rows = postgres_engine.fetch("pg_stat_user_tables", "schemaname, relid, relname, analyze_count")
        return {(row["relid"], row["relname"]): row["analyze_count"] for row in rows if row["schemaname"] != "this_batch"}
    few = {table: rows[::4] for table, rows in loads[0].items()}
    taken = []
    for load in (few, loads[0], {}, {}, {}):  # what a refresh leaves to the next ones to delete is gone after two
        postgres_engine.receive(load)
        postgres_engine.refresh(VARIABLES)
        taken.append(samples_taken())
    sampled = {name for (relid, name), count in taken[1].items() if count > taken[0].get((relid, name), 0)}
    assert {"all_sessions", "device_sessions", "touches"} <= sampled
    assert {name: count for (relid, name), count in taken[4].items() if count > taken[3].get((relid, name), 0)} == {}
