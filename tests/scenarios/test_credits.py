"""Credit of several touches equals a worked example, and what another library computes for random paths."""

import pytest

import paths
from conftest import on_duckdb

WORKED = paths.read("worked_example.json")
RECORDED = paths.read("mam.json")
TOLERANCE = 1e-6


def by_channel(expected: dict[str, float]) -> dict[str, float]:
    """Recorded values under the names of the project's channels; those of 0 have no row."""
    return {paths.CHANNELS[name][2]: pytest.approx(value, abs=TOLERANCE) for name, value in expected.items() if value}


def credited(engine, table="reporting.channel_credits", value="signups", **where) -> dict[str, float]:
    """Channel -> sum of a column."""
    found = {}
    for row in engine.fetch(table):
        if all(row[column] == wanted for column, wanted in where.items()):
            found[row["channel"]] = found.get(row["channel"], 0) + row[value]
    return found


def test_worked_example_then_random_paths(engine):
    engine.receive(paths.messages(paths.worked_example(), 1))
    engine.refresh(reporting=True)
    agreed, markov = WORKED["agreed_by_4_libraries"], WORKED["markov_order1"]
    for model, name in (("first", "first_touch"), ("last", "last_touch"), ("linear", "linear_per_touch"),
                        ("position", "position_40_20_40")):
        assert credited(engine, model=model) == by_channel(agreed[name]), model
    assert credited(engine, model="shapley") == by_channel(WORKED["shapley_set_game"]["values"])
    assert credited(engine, value="removal_effect", model="markov") == by_channel(
        markov["exact_removal_effect (mam 2.1.1, closed form)"])
    assert credited(engine, model="markov") == by_channel(
        markov["standard credit = removal/sum*conversions (arithmetic from line above)"])
    assert credited(engine, "reporting.touch_credits", "credit", model="markov") == by_channel(
        markov["mam 2.1.1 own per-journey redistribution (NOT the standard credit)"])

    engine.receive(paths.messages(RECORDED["paths"], 2))
    engine.refresh(reporting=True)
    for model in ("first", "last", "linear", "position", "time_decay"):
        assert credited(engine, model=model) == by_channel(RECORDED[model]), model
    assert credited(engine, "reporting.removal_effects", "removal_effect") == by_channel(RECORDED["markov_removal_effects"])
    assert credited(engine, "reporting.touch_credits", "credit", model="markov") == by_channel(RECORDED["markov_touch_credits"])
    assert_equal_to_the_last_digit(engine)


# Settings by which an engine joins and groups, and so adds up, in another order.
OTHER_ORDERS = {
    "duckdb": ("set disabled_optimizers = 'join_order'", "set disabled_optimizers = 'build_side_probe_side'", "pragma disable_optimizer"),
    "postgres": ("set enable_hashjoin = off", "set enable_hashagg = off", "set enable_sort = off", "reset all"),
}


def assert_equal_to_the_last_digit(engine):
    """A sum of fractions in another order would have another last digit, so rows would be written although nothing is new."""
    compiled = engine.project.folder / "compiled" / "signup_attribution" / "models" / "reporting" / "removal_effects.sql"
    sql, found = compiled.read_text(encoding="utf-8"), {}
    with engine.database.connected():
        for setting in ("select 1", *OTHER_ORDERS[engine.name]):
            engine.database.execute(setting)
            found[setting] = sorted(map(repr, engine.database.query(sql)))
    assert len(found["select 1"]) > 2 and all(rows == found["select 1"] for rows in found.values())


@on_duckdb
def test_removal_effects_are_recomputed_when_a_person_changed(engine):
    """Even when the record of who changed is gone, because refreshes left all these models out until then."""
    def load(number, *channels):
        engine.receive(paths.messages([(channels, True, 1), (channels[:1], False, 1)], number))

    def effects():
        return {row["channel"]: row["removal_effect"] for row in engine.fetch("reporting.removal_effects")}

    def refresh_without():
        outcome = engine.project.run("run", "--exclude", "removal_effects", reporting=True)
        assert outcome.success, outcome.error

    load(1, "search", "email")
    engine.refresh(reporting=True)
    engine.database.execute("update reporting.removal_effects set removal_effect = 7")
    engine.refresh(reporting=True)
    assert effects() == {"Organic Search": 7, "Email": 7}
    load(2, "search", "email", "social")
    for _ in range(3):
        refresh_without()
    assert effects() == {"Organic Search": 7, "Email": 7}
    engine.refresh(reporting=True)
    assert effects() == pytest.approx({"Organic Search": 1, "Email": 1, "Organic Social": 0.5})
