"""Alias messages: linking a device and a user, or two users, restates these persons and nobody else."""

import csv
from datetime import datetime, timedelta

from database.stored_tables import stored_tables
from explaining.story import explain
from explaining.text import story_lines
from harness import as_vars, assert_equal
from oracle import Settings
from project import environment

STARTED = datetime(2026, 3, 10, 12)
CHAIN = 50
SETTINGS = Settings(max_users_per_person=CHAIN + 1)
BYSTANDER = {"id": "by", "anonymous_id": "stander", "user_id": "by", "timestamp": STARTED}


def at(minutes):
    return STARTED + timedelta(minutes=minutes)


def alias(previous_id, user_id, minutes=10):
    return {"id": f"{previous_id} is {user_id}", "previous_id": previous_id, "user_id": user_id, "timestamp": at(minutes)}


def page(name, anonymous_id, user_id=None, minutes=0, url="https://shop.example.com/"):
    return {"id": name, "anonymous_id": anonymous_id, "user_id": user_id, "timestamp": at(minutes), "url": url}


def signup(user_id, minutes, anonymous_id=None):
    return {"id": f"{user_id} signs up", "anonymous_id": anonymous_id, "user_id": user_id, "timestamp": at(minutes), "event": "signed_up"}


def loads():
    """In order of arrival; with each the persons that it changes."""
    links = [alias(f"c{n}", f"c{n + 1}") for n in range(CHAIN)]
    chained = [page(f"page {n}", None, f"c{n}", minutes=n * 60) for n in range(0, CHAIN + 1, 5)]
    yield {
        "pages": [page("a1-0", "a1", url="https://shop.example.com/?gclid=1"), page("early", "box", minutes=1), BYSTANDER, *chained],
        "tracks": [signup("U1", 15), signup("U3old", 3, "m2"), signup("U3", 40, "m3")],
        "aliases": [alias("a1", "U1"), alias("U3old", "U3"), alias("late", "bob"), *links[::2]],
    }, None
    # the rest of the chain makes one person of all of it
    yield {"aliases": links[1::2]}, {f"c{n}" for n in range(0, CHAIN + 1, 5)}
    # an earlier session event makes another user the alias; a previous id turns out to be an anonymous id, and bob gets its visit
    yield {"pages": [page("first", None, "c7", minutes=-60), page("now", "late", minutes=5)]}, {"c0", "c7", "bob"}
    # one user more than may be a person: all of them stay apart
    yield {"aliases": [alias("c50", "one too many")]}, {"c7", *(f"c{n}" for n in range(0, CHAIN + 1, 5))}
    # a device belongs to the person its user was linked with before
    yield {"identifies": [{"id": "i", "anonymous_id": "box", "user_id": "U3", "timestamp": at(50)}]}, {"box", "U3old"}


def changed_persons(engine):
    rows = engine.fetch("this_batch.changed_persons", "alias_id, batch_id")
    newest = max(row["batch_id"] for row in rows)
    return {row["alias_id"] for row in rows if row["batch_id"] == newest}


def test_links(engine):
    received = []
    for load, changed in loads():
        engine.receive(load)
        received.append(load)
        engine.refresh(as_vars(SETTINGS))
        assert_equal(engine, received, SETTINGS, when=f"after load {len(received)}")
        assert changed is None or changed_persons(engine) == changed
    found = {row["alias_id"]: row for row in engine.fetch("sessions.attribution")}
    assert {*found} == {"U1", "U3old"} and found["U1"]["first_touch_channel"] == "Paid Search"
    sessions = {row["alias_id"]: row["event_count"] for row in engine.fetch("sessions.all_sessions") if row["alias_id"] == "U1"}
    assert sessions == {"U1": 2}


SOURCES = {
    **{name: {"schema": "segment", "table": name, "optional": True} for name in ("tracks", "pages", "screens", "identifies", "aliases")},
    "identity_overrides": {"schema": "segment", "table": "identity_overrides", "optional": True},
}


def said(id_a, action, id_b, note="somebody said so"):
    return {"id_a": id_a, "id_b": id_b, "action": action, "note": note}


def messages():
    return {
        "pages": [page("a1", "a", url="https://shop.example.com/?gclid=1"), page("k1", "kiosk", minutes=1), page("n1", None, "ben", minutes=200),
                  BYSTANDER],
        "tracks": [signup("ann", 15)],
        "identifies": [{"id": "i", "anonymous_id": "kiosk", "user_id": "dan", "timestamp": at(50)}],
        "aliases": [alias("ann", "ben")],
    }


# Overrides as they stand at each refresh, and the persons that it changes.
STEPS = [
    ([], None),
    ([said("a", "link", "ann", "by telephone")], {"a", "ann"}),
    ([said("a", "link", "ann"), said(" ben ", "NEVER_LINK", "ann"), said("not", "link", "seen")], {"ann", "ben"}),
    ([said("dan", "never_link", "kiosk")], {"a", "ann", "ben", "dan", "kiosk"}),
    ([], {"kiosk", "dan"}),
]
# After which of them -> of whom -> words of explain.py.
EXPLAINED = {
    1: {"a": ("link with ann: by telephone (identity_overrides)", "by an override, which counts from the first message on, at ")},
    3: {"kiosk": ("never_link with dan: somebody said so", "an override says never to link it with 'dan', and no message names another user")},
}
BAD = [
    (said("a", "merge", "ann"), 'identity_overrides has the action "merge" for "a" and "ann": it must be link or never_link.'),
    (said("a", "link", " a"), 'identity_overrides has a row of "a" with itself: remove it.'),
    (said("a", "link", "undefined"), "identity_overrides has a row without two usable ids"),
]


def test_overrides(engine, tmp_path):
    """On PostgreSQL from a table, on DuckDB from files; without any rows there is none."""
    loads, sources, tables = [messages()], dict(SOURCES), []
    if engine.name == "duckdb":
        sources["identity_overrides"] = {"files": f"{tmp_path}/overrides*.csv", "optional": True}
    variables = {"sources": sources}
    engine.receive(loads[0])
    for number, (rows, changed) in enumerate(STEPS):
        override(engine, rows, tmp_path)
        engine.refresh(variables)
        assert_equal(engine, loads, when=f"with overrides {number}", overrides=[{**row, "action": row["action"].lower()} for row in rows])
        assert changed is None or changed_persons(engine) == changed
        tables.append([sorted(map(repr, engine.published(name))) for name in ("aliases", "all_sessions", "attribution", "known_pairs")])
        for id_, words in EXPLAINED.get(number, {}).items():
            explained(engine, id_, words)
    assert tables[0] == tables[-1] and len({*map(repr, tables)}) == len(tables) - 1
    for row, words in [*BAD, (said("ann", "never_link", "a"), 'identity_overrides says both link and never_link of "a" and "ann"')]:
        override(engine, [row, said("a", "link", "ann")], tmp_path)
        refused = engine.refresh(variables, check=False)
        assert not refused.success and words in refused.error
    override(engine, [], tmp_path)
    engine.refresh(variables)
    assert_equal(engine, loads)


def override(engine, rows, folder):
    """Make these the rows of identity_overrides."""
    if engine.name != "duckdb":
        engine.override(rows)
        return
    for path in folder.glob("overrides*.csv"):
        path.unlink()
    for number, row in enumerate(rows):
        with open(folder / f"overrides {number}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([row, row.values()])


def explained(engine, id_, words):
    """explain shows what an override does, and its note."""
    with environment(engine.database.environment), stored_tables(engine.name, "test") as tables:
        text = "\n".join(story_lines(explain(tables, id_)))
    assert all(one in text for one in words), text
