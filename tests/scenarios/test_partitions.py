"""Monthly partitions of app_tracks: where messages are stored, and what stays unchanged when an old month is detached."""

import re
from datetime import date, datetime, timedelta

from database.target import find_target
from erasing.erase import erase
from harness import all_differences, as_vars, assert_equal, describe, project_rules
from oracle import Settings, erased, without
from project import environment

STORED = "partitioning.app_tracks"
SETTINGS = Settings(max_users_per_person=1)
VARIABLES = as_vars(SETTINGS)
PLAN = {**VARIABLES, "pass_through_columns": ["plan"]}
MONTHS = [datetime(2025, 12, 31, 23, 50), datetime(2026, 1, 31, 23, 50), datetime(2026, 2, 28, 23, 50), datetime(2026, 4, 15)]


def visit(name, device, at, url, loaded_at, **columns):
    return {"id": name, "anonymous_id": device, "timestamp": at, "received_at": at, "url": url, "uuid_ts": loaded_at, **columns}


def first_load():
    """Three devices that visit in each of the months, across the end of the month, and sign up in the last one; and an alias of a user."""
    pages, tracks = [], []
    for number, month in enumerate(MONTHS):
        for device in ("a", "b", "c"):
            for minutes in (0, 15):
                at = month + timedelta(minutes=minutes)
                url = f"https://example.com/{device}?utm_source={device}{number}"
                pages.append(visit(f"{device}{number}-{minutes}", device, at, url, datetime(2026, 4, 20)))
    for device in ("a", "b", "c"):
        at = MONTHS[-1] + timedelta(minutes=20)
        tracks.append({"id": f"{device}-signup", "anonymous_id": device, "user_id": f"user {device}", "timestamp": at,
                       "event": "signed_up", "uuid_ts": datetime(2026, 4, 20)})
    aliases = [{"id": "b's alias", "previous_id": "user b", "user_id": "user e", "timestamp": MONTHS[1], "uuid_ts": datetime(2026, 4, 20)}]
    return {"pages": pages, "tracks": tracks, "aliases": aliases}


def second_load(first):
    """Late: new visits of old months, one of which joins two sessions; a copy of an old message; a user of an old visit."""
    loaded_at = datetime(2026, 4, 21)
    return {
        "pages": [
            visit("late-1", "a", datetime(2026, 1, 1, 0, 20), "https://example.com/late?gclid=1", loaded_at),
            visit("late-2", "b", datetime(2026, 1, 20), "https://example.com/blog/late", loaded_at, plan="free"),
            visit("late-3", "d", datetime(2026, 2, 2), "https://example.com/", loaded_at, plan="paid"),
            *({**row, "url": "https://example.com/copy", "uuid_ts": loaded_at} for row in first["pages"]),
        ],
        "identifies": [
            {"id": "known", "anonymous_id": "c", "user_id": "user a", "timestamp": datetime(2026, 1, 1), "uuid_ts": loaded_at},
        ],
    }


def operate(engine, **arguments):
    """Run detach_month; the error's text, '' if there was none."""
    succeeded, said = engine.project.operate("detach_month", "--args", str(arguments))
    return "" if succeeded else said


OLDEST, FAR_FUTURE = date(2009, 12, 1), date(2040, 1, 1)
SHARED = {"before_2010_01": (OLDEST, "(MINVALUE) TO ('2010-01-01 00:00:00')"),
          "from_2040_01": (FAR_FUTURE, "('2040-01-01 00:00:00') TO (MAXVALUE)")}


def month_of(time):
    """The month in whose partition a time lies: the one before the oldest month stands for all earlier ones."""
    return min(max(date(time.year, time.month, 1), OLDEST), FAR_FUTURE)


def listed(engine):
    """Month -> its row of partitions."""
    return {row["month"]: row for row in engine.fetch("partitioning.partitions")}


def partitions_of_postgres(engine):
    """Name -> bounds of the native partitions of app_tracks."""
    rows = engine.database.query(
        "select relname, pg_get_expr(relpartbound, pg_class.oid) as bounds from pg_inherits "
        f"join pg_class on inhrelid = pg_class.oid where inhparent = '{STORED}'::regclass")
    return {row["relname"]: row["bounds"] for row in rows}


def assert_added_month_by_month(engine):
    """The rows of one batch lie in the order of their months (DuckDB)."""
    months = {}
    for row in engine.database.query(f"select batch_id, occurred_at from {STORED} order by rowid"):
        months.setdefault(row["batch_id"], []).append(month_of(row["occurred_at"]))
    assert all(found == sorted(found) for found in months.values())


def assert_months(engine):
    """partitions counts what app_tracks holds; on PostgreSQL each month is a native partition of its own, none a catch-all."""
    held = {}
    for message in engine.fetch(STORED, "occurred_at, batch_id"):
        held.setdefault(month_of(message["occurred_at"]), []).append(message)
    for month, row in listed(engine).items():
        messages = held.pop(month, [])
        assert row["row_count"] == len(messages)
        if messages:
            assert row["first_occurred_at"] <= min(m["occurred_at"] for m in messages)
            assert row["last_occurred_at"] >= max(m["occurred_at"] for m in messages)
            assert row["newest_batch_id"] == max(m["batch_id"] for m in messages)
    assert not held, "months that partitions does not list"
    if engine.name != "postgres":
        assert_added_month_by_month(engine)
        return
    found = partitions_of_postgres(engine)
    for name, bounds in found.items():
        if name.removeprefix("app_tracks_") in SHARED:
            first, expected = SHARED[name.removeprefix("app_tracks_")]
        else:
            first = date(*map(int, re.fullmatch(r"app_tracks_(\d{4})_(\d{2})", name).groups()), 1)
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            expected = f"('{first} 00:00:00') TO ('{following} 00:00:00')"
        assert bounds == f"FOR VALUES FROM {expected}"
        times = engine.fetch(f"partitioning.{name}", "occurred_at")
        assert times and {month_of(row["occurred_at"]) for row in times} == {first}
    assert {row["table_name"] for row in listed(engine).values() if row["row_count"]} == set(found)


def assert_as_if_nothing_was_detached(engine, loads):
    """All tables but app_tracks are what they would be with all messages."""
    unequal = [one for one in all_differences(engine, loads, SETTINGS) if one.table != "app_tracks"]
    assert not unequal, describe(unequal)
    assert_months(engine)


def ids(engine, table=STORED):
    return sorted(row["event_id"] for row in engine.fetch(table, "event_id"))


DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)
DETACHED = "partitioning.app_tracks_{}_detached"


def test_months_and_detached_months(engine):
    first = first_load()
    loads = [first]
    engine.receive(first)
    engine.refresh(VARIABLES)
    assert_equal(engine, loads, SETTINGS)
    assert_months(engine)
    assert sorted(listed(engine)) == [DECEMBER, JANUARY, FEBRUARY, *(date(2026, month, 1) for month in (3, 4))]

    in_january = sorted(row["event_id"] for row in engine.fetch(STORED) if month_of(row["occurred_at"]) == JANUARY)
    assert not operate(engine, month="2025-12", drop=True)
    assert not operate(engine, month="2026-01")
    assert_as_if_nothing_was_detached(engine, loads)
    assert ids(engine, DETACHED.format("2026_01")) == in_january
    assert not engine.database.column_types("partitioning", "app_tracks_2025_12_detached")
    months = listed(engine)
    assert [(months[m]["row_count"], months[m]["detached_row_count"]) for m in (DECEMBER, JANUARY)] == [(0, 3), (0, 7)]
    assert "nothing was detached" in operate(engine, month="2026-01")
    assert "month must be a month such as 2024-01, not null" in operate(engine)
    assert "2026-1" in operate(engine, month="2026-1")
    assert_as_if_nothing_was_detached(engine, loads)

    loads.append(second_load(first))
    engine.receive(loads[1])
    engine.refresh(PLAN)
    assert_as_if_nothing_was_detached(engine, loads)
    assert not {*ids(engine)} & {*in_january}, "a copy of a detached message came back"
    assert {"late-1", "late-2", "late-3"} < {*ids(engine)}

    # The same month again, now of a table with one more column.
    assert not operate(engine, month="2026-01")
    assert ids(engine, DETACHED.format("2026_01")) == sorted([*in_january, "late-1", "late-2", "known"])
    assert listed(engine)[JANUARY]["detached_row_count"] == 10
    loads.append({"pages": [visit("last", "b", datetime(2026, 4, 16), "https://example.com/", datetime(2026, 4, 22))]})
    engine.receive(loads[2])
    engine.refresh(PLAN)
    assert_as_if_nothing_was_detached(engine, loads)

    # A table rebuilt from app_tracks alone would lose the detached months.
    for selection in ("touch_evidence", "partitions", "batch_intervals+"):
        refused = engine.refresh(PLAN, full_refresh=True, select=selection, check=False)
        assert "run --full-refresh without a selection" in refused.error, selection
    engine.refresh(PLAN)
    assert_as_if_nothing_was_detached(engine, loads)

    # An erased person goes from detached months too, and from what is left of deleted ones.
    gone = erased(loads, ["b"], SETTINGS, project_rules())
    with environment(engine.database.environment):
        counts, _ = erase(find_target(engine.name), ["b"])
    assert counts.messages == len(gone.messages) == 12 and {"b0-0", "b1-0", "late-2", "last", "b's alias"} < {event_id for _, event_id in gone.messages}
    loads = without(loads, gone, SETTINGS, project_rules())
    assert ids(engine, DETACHED.format("2026_01")) == sorted([*(one for one in in_january if one[0] != "b"), "late-1", "known"])
    assert listed(engine)[JANUARY]["detached_row_count"] == 6 and not engine.fetch("aliasing.alias_messages")
    assert_as_if_nothing_was_detached(engine, loads)

    engine.refresh(PLAN, full_refresh=True)
    assert_equal(engine, loads, SETTINGS)
    assert_months(engine)
    assert all(row["detached_row_count"] == 0 for row in listed(engine).values())
    # What was detached before the rebuild is in app_tracks again: detached a second time, it is there once.
    assert not operate(engine, month="2026-01")
    assert ids(engine, DETACHED.format("2026_01")) == sorted([*(one for one in in_january if one[0] != "b"), "late-1", "known"])
    assert_as_if_nothing_was_detached(engine, loads)


def months_back(count, last, name):
    """A page in each of this many months up to `last`, which is a number of months. The server's clock was right."""
    server = {"loaded_at": datetime(2026, 5, 1), "received_at": datetime(2026, 5, 1)}
    return [visit(f"{name}-{number}", "clock", datetime((last - number) // 12, (last - number) % 12 + 1, 15), None, **server)
            for number in range(count)]


def test_a_clock_makes_no_thousands_of_partitions(engine):
    """3,000 months of one visitor, 16 years of which may be history, more of them later, and a clock that nothing checks."""
    now = 2026 * 12 + 3
    since_2010 = now - 2010 * 12 + 1
    unchecked = [visit(f"future-{year}", "robot", datetime(year, 2, 3), None, datetime(2026, 5, 1), received_at=None)
                 for year in range(2039, 2500)]
    loads = [{"pages": months_back(3000, now, "past") + unchecked}]
    engine.receive(loads[0])
    notes = engine.refresh().notes
    assert_equal(engine, loads)
    assert_months(engine)
    months = listed(engine)
    assert (months[OLDEST]["row_count"], months[FAR_FUTURE]["row_count"]) == (3000 - since_2010, 460)
    assert len(months) == since_2010 + 3
    said = [note for note in notes if f"{len(months)} new partitions, of months from 2009-12 to 2040-01" in note]
    assert len(said) == (engine.name == "postgres"), notes

    outcome = engine.refresh({"max_event_age_days": 30}, check=False)
    assert not outcome.success and "max_event_age_days changed" in outcome.error
    late = visit("late", "late", datetime(2004, 2, 3), None, datetime(2026, 5, 2))
    loads.append({"pages": [late, *months_back(300, 1700 * 12, "past again")]})
    engine.receive(loads[1])
    assert not [note for note in engine.refresh().notes if "partitions" in note]
    assert_equal(engine, loads)
    assert_months(engine)

    assert "detach them all as 2009-12" in operate(engine, month="2003-05")
    assert not operate(engine, month="2009-12")
    assert_as_if_nothing_was_detached(engine, loads)
    assert len(ids(engine, DETACHED.format("before_2010_01"))) == 3301 - since_2010
