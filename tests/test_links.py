"""Alias messages: what makes one person of a device and a user, or of two users, restates these persons and nobody else."""

from datetime import datetime, timedelta

from harness import as_vars, assert_equal
from oracle import Settings

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
    # a device belongs to who its user was linked with before
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
