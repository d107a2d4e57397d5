"""All kinds of sources: tables and columns that appear, disappear and change; other layouts; copies; files."""

import json
from datetime import date, datetime, timedelta

import pytest

from conftest import on_duckdb
from harness import as_vars, assert_equal
from oracle import Settings
from sampling import data as sample_data

STARTED = datetime(2026, 3, 1, 10)
NO_OVERLAP = {"reload_overlap_hours": 0}


# Column names that a sender of events, or the author of a file, can choose; they have a meaning in SQL, Jinja or Python's formats.
ODD_NAMES = ['he said "hi"', '", (select 1)) --', "it's", "back\\slash\\", "{{ 1 / 0 }} {% raw %}", "; drop table x; --", "new\nline",
             "%s %(x)s", "$do$", "[object Object]", ".", "long " + "x" * 58]
FILE_ONLY_NAMES = ["long " + "x" * 295, ""]  # PostgreSQL has no such names
ODD_VALUES = {name: f"value {number}" for number, name in enumerate(ODD_NAMES)}


def at(minutes):
    return STARTED + timedelta(minutes=minutes)


def changes(engine, batch):
    """(collection, column, change) noticed by a refresh, the columns of new tables left out."""
    rows = engine.fetch("partitioning.schema_changes", "message_type, column_name, change, batch_id")
    return {(row["message_type"], row["column_name"], row["change"]) for row in rows if row["batch_id"] == batch}


def test_tables_and_columns_come_and_go(engine):
    """What is missing is null; the refresh after it appears has it; what was stored stays."""
    variables = {**NO_OVERLAP, "pass_through_columns": ["plan", {"name": "seats", "type": "integer"}]}
    event = {"anonymous_id": "a", "event": "seen"}
    first = {"tracks": [{**event, "id": "t1", "timestamp": at(0), "uuid_ts": at(0)},
                        {**event, "id": "t2", "timestamp": at(1), "uuid_ts": at(1)}]}
    engine.receive(first)
    engine.refresh(variables)
    assert_equal(engine, [first])
    assert changes(engine, 1) == set()

    second = {
        "tracks": [{**event, "id": "t3", "timestamp": at(2), "uuid_ts": at(60), "user_id": "u", "plan": "pro",
                    "seats": 3, "context_page_url": "https://example.com/?gclid=1"}],
        "pages": [{"id": "p1", "anonymous_id": "a", "timestamp": at(-5), "url": "https://example.com/blog/1",
                   "uuid_ts": at(60), "plan": "free"}],
    }
    engine.receive(second)
    engine.refresh(variables)
    assert_equal(engine, [first, second])
    assert changes(engine, 2) == {
        *(("tracks", column, "new") for column in ("user_id", "plan", "seats", "context_page_url")),
        *(("pages", column, "new") for column in ("id", "anonymous_id", "timestamp", "url", "uuid_ts", "plan")),
    }

    engine.database.execute("alter table segment.tracks drop column event")
    engine.database.execute('alter table segment.tracks alter column "timestamp" type text')
    engine.database.execute("alter table segment.tracks alter column seats type text")
    track = {"anonymous_id": "a", "event_text": "signed_up", "uuid_ts": at(120)}
    third = {
        "tracks": [{**track, "id": "t4", "timestamp": "2026-03-01T12:00:00.1234567+01:00", "seats": "4"},
                   {**track, "id": "t5", "timestamp": "yesterday"}, {**track, "id": "t6", "timestamp": "2026-02-30"},
                   {**track, "id": "t7", "timestamp": "2026-03-01"}],
        "identifies": [{"id": "i1", "anonymous_id": "a", "user_id": "v", "timestamp": at(200), "uuid_ts": at(120)}],
    }
    engine.receive(third)
    engine.refresh(variables)
    assert_equal(engine, [first, second, third])
    rejected = {(row["event_id"], row["reason"]) for row in engine.published("rejected_events")}
    assert rejected == {("t5", "missing_timestamp"), ("t6", "missing_timestamp")}
    assert changes(engine, 3) == {
        ("tracks", "event", "vanished"), ("tracks", "event_text", "new"),
        ("tracks", "timestamp", "retyped"), ("tracks", "seats", "retyped"),
        *(("identifies", column, "new") for column in ("id", "anonymous_id", "user_id", "timestamp", "uuid_ts")),
    }
    carried = {row["event_id"]: (row["plan"], row["seats"])
               for row in engine.fetch("partitioning.app_tracks", "event_id, plan, seats")}
    assert carried == {"t1": (None, None), "t2": (None, None), "t3": ("pro", 3), "p1": ("free", None),
                       "t4": (None, 4), "t7": (None, None), "i1": (None, None)}

    # A column of the layout may be passed through as well; one that is named later is null in the rows stored before.
    # It may have any name.
    more = {**variables, "pass_through_columns": [*variables["pass_through_columns"], "event_text", "size", *ODD_NAMES]}
    fourth = {"tracks": [{**track, "id": "t8", "timestamp": "2026-03-02 08:00", "uuid_ts": at(180), "size": 2.5, **ODD_VALUES}]}
    engine.receive(fourth)
    engine.refresh(more)
    assert_equal(engine, [first, second, third, fourth])
    assert {("tracks", name, "new") for name in ODD_NAMES} <= changes(engine, 4)
    carried = {row["event_id"]: row for row in engine.fetch("partitioning.app_tracks")}
    for column, value in {"event_text": "signed_up", "size": "2.5", **ODD_VALUES}.items():
        assert (carried["t8"][column], carried["t4"][column]) == (value, None), column


def rudderstack(name, minutes, loaded, **columns):
    """A track in RudderStack's layout: no uuid_ts."""
    return {"id": name, "anonymous_id": "a", "event": "seen", "original_timestamp": at(minutes - 1), "sent_at": at(minutes),
            "timestamp": at(minutes), "received_at": at(loaded), "loaded_at": at(loaded + 1), **columns}


def page(name, minutes, **columns):
    """A page of a source that has no load time at all."""
    return {"id": name, "anonymous_id": "b", "timestamp": at(minutes), "url": f"https://example.com/{name}", **columns}


JUNK = ["\t null \n", "a tab\tinside", "\v0\f", " \r\n ", "\fNone\v", "", "Undefined\t"]
DAY = 24 * 60


def layout_loads():
    """Three loads, the second and third with copies of earlier messages that say something else."""
    first = {
        "tracks": [rudderstack("t1", 0, 5), rudderstack("t2", 15, 30, timestamp=None),
                   rudderstack("t3", 16, 30, timestamp=None, original_timestamp=None),
                   rudderstack("rejected first", 17, 30, anonymous_id="null"),
                   rudderstack("in two tables", 18, 30)],
        "pages": [page("p3", 300), page("p1", 0), page("in two tables", 3)],
        "identifies": [{"id": f"junk {number}", "anonymous_id": f"\v a \r{'' if number else chr(9)}", "user_id": junk,
                        "timestamp": at(4), "uuid_ts": at(5)} for number, junk in enumerate(JUNK)],
    }
    second = {
        "tracks": [rudderstack("t1", 40, DAY, event="signed_up"), rudderstack("rejected first", 17, DAY),
                   rudderstack("t4", 500, DAY, event="signed_up"), *(rudderstack(junk, 1, DAY) for junk in JUNK)],
        "pages": [page("p2", -400), page("p1", 0, url="https://example.com/other", user_id="u"), page(" p5\t", 310)],
        "identifies": [{"id": "i1", "anonymous_id": "\fa", "user_id": "u\n", "timestamp": at(1), "uuid_ts": at(DAY)}],
    }
    third = {
        "tracks": [rudderstack("t5", 501, 3 * DAY), rudderstack("\tt4 ", 501, 3 * DAY), rudderstack(" null", 1, DAY)],
        "pages": [page("p0", -401), page("p5", 310, url="https://example.com/?gclid=later"), page("p4", 19)],
    }
    return [first, second, third]


def test_layouts_copies_and_late_loads(engine):
    """RudderStack's columns, a source without load times in any order, copies, odd ids, and a load that came late."""
    loads = layout_loads()
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh()
        assert_equal(engine, loads[:number], Settings(), None, f"after load {number}")
    late = {"tracks": [rudderstack("late", 510, DAY), rudderstack("t2", 900, DAY)]}
    engine.receive(late)
    engine.refresh()
    assert_equal(engine, loads, Settings(), None, "before --since")
    engine.refresh(since=at(DAY - 60).date())
    assert_equal(engine, [*loads, late], Settings(), None, "after --since")


@on_duckdb
def test_a_wrong_clock_does_not_hide_later_loads(engine):
    """A row without a load time says nothing about how far the source has been read."""
    row = {"anonymous_id": "a", "url": "https://example.com/"}
    first = {"pages": [{**row, "id": "1", "timestamp": at(0), "uuid_ts": at(1)},
                       {**row, "id": "2", "timestamp": at(20 * DAY)}]}
    second = {"pages": [{**row, "id": "3", "timestamp": at(10), "uuid_ts": at(3 * DAY)}]}
    for load in (first, second):
        engine.receive(load)
        engine.refresh()
    assert_equal(engine, [first, second])


def named(name, day, event, event_text=None, device="a", **columns):
    """A track as Segment writes it: with a name for machines and one for people."""
    return {"id": name, "anonymous_id": device, "event": event, "event_text": event_text, "timestamp": at(day * DAY),
            "uuid_ts": at(day * DAY), **columns}


@on_duckdb
def test_events_by_either_name(engine):
    """Names that never occur are reported with the closest ones; changed names restate what is stored, without the sources."""
    first = {
        "pages": [{"id": "p1", "anonymous_id": "a", "name": "Home", "timestamp": at(-2), "uuid_ts": at(0)}],
        "tracks": [named("t1", 0, "account_created", "Account Created"), named("t2", 0, "email_sent", "Email Sent", device="b"),
                   named("t3", 1, "email_sent", "Email Sent", device="b"), named("t4", 1, "seen", "seen"), named("t0", 1, "404"),
                   named("t5", 1, None, "Account Created", device="b", user_id="u"), named("t8", 1, "x" * 200_000, device="z")],
    }
    engine.receive(first)
    notes = "\n".join(engine.refresh({"signup_events": ["Accounts created"], "ignored_events": ["email_sent"]}).notes)
    wrong = Settings(signup_events=("Accounts created",), ignored_events=("email_sent",))
    assert_equal(engine, [first], wrong)
    assert "signup_events: Accounts created has never occurred. The closest names: Account Created (2), account_created (1)" in notes
    assert "0 sign-ups" in notes and "ignored_events" not in notes

    engine.database.execute("delete from segment.tracks; delete from segment.pages")
    second = {"tracks": [named("t6", 2, "account_created", "Account Created", device="c", user_id="u"),
                         named("t7", 2, "seen", "seen", device="b")]}
    engine.receive(second)
    changed = Settings(signup_events=("Account Created", "never"), ignored_events=("Email Sent", "seen", "404"))
    refused = engine.refresh(as_vars(changed), select=["batch_intervals+"], check=False)
    assert not refused.success and "ignored_events changed" in refused.error
    notes = "\n".join(engine.refresh(as_vars(changed)).notes)
    assert_equal(engine, [first, second], changed)
    assert "ignored_events and signup_events changed" in notes and "never has never occurred" in notes
    assert "0 sign-ups" not in notes and "404 has" not in notes
    third = {"tracks": [named("t8", 3, "email_sent", "Email Sent", device="b"), named("t9", -1, "account_created", device="c", uuid_ts=at(3 * DAY))]}
    engine.receive(third)
    engine.refresh(as_vars(changed))
    assert_equal(engine, [first, second, third], changed)


def audited(engine, since=None):
    """(ids, missed, first load day of what is missed) as refresh_health says after an audit."""
    arguments = ["--args", f"{{since: '{since}'}}"] if since else []
    succeeded, said = engine.project.operate("audit_sources", *arguments)
    assert succeeded, said
    [row] = engine.fetch("refresh.refresh_health")
    assert row["last_audit_at"] and row["last_status"] == "success"
    return row["last_audit_ids"], row["last_audit_missed_ids"], row["last_audit_missed_since"]


@on_duckdb
def test_load_times_that_jump(engine):
    """A year 2099 hides nothing that is loaded later, nor do places hide each other's; an audit finds what a clock set back hides."""
    def pages(*loads, **columns):
        return [page(name, number, uuid_ts=at(loaded), **columns) for number, (name, loaded) in enumerate(loads)]

    first = {"pages": [*pages(("1", 0), ("2", DAY), ("a", DAY)), page("far", 5, uuid_ts=datetime(2099, 1, 1)),
                       page("rejected", 5, anonymous_id=None, uuid_ts=at(DAY))]}
    loads = [first, {"pages": pages(("3", DAY + 60), ("1", DAY + 60), ("4", 9 * DAY))}]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh()
        assert_equal(engine, loads[:number], Settings(), None, f"after load {number}")
    assert audited(engine) == (8, 0, None)

    behind = {"pages": [*pages(("5", 8 * DAY - 240), ("6", 8 * DAY - 240), ("7", 9 * DAY)), page("no load time", 7)]}
    engine.receive(behind)
    engine.project.invoke("compile", "--select", "app_tracks", manifest=engine.project.manifest())  # dbt remembers what a process last selected
    assert audited(engine) == (12, 2, date(2026, 3, 9))
    assert audited(engine, "2026-03-10") == (4, 0, None)
    engine.refresh(since="2026-03-09")
    assert_equal(engine, [*loads, behind])
    assert audited(engine) == (12, 0, None)


UUID = "5C5E3F0A-0B52-4E0B-9C56-8C1E4FDE0C1D"


def file_loads():
    """Rows whose texts look like numbers, dates and ids of other kinds; the second load has one more column."""
    rows = [("007", "0012", "2026-03-01"), (UUID, "1e3", "true"), ("3", "12", "0x1F"), ("4", " 12", "2026-03-01T00:00:00Z")]
    pages = [{"id": name, "anonymous_id": device, "timestamp": at(number) + timedelta(microseconds=number), "uuid_ts": at(5),
              "url": f"https://example.com/?utm_source={number},\"x\"", "context_campaign_name": campaign}
             for number, (name, device, campaign) in enumerate(rows)]
    tracks = [{"id": UUID, "anonymous_id": "1e3", "user_id": "0x1F", "event": "signed_up", "timestamp": at(9), "uuid_ts": at(9)}]
    more = [{"id": "08", "anonymous_id": "12", "timestamp": at(50), "uuid_ts": at(DAY), "user_id": "0x1F",
             "context_page_url": "https://example.com/?gclid=5"}]
    return [{"pages": pages, "tracks": tracks}, {"pages": more, "tracks": []}]


@pytest.mark.parametrize("ending", ["parquet", "csv", "json"])
def test_files(duckdb_engine, tmp_path, ending):
    """The same tables as from tables, even when a file is added that has other columns, with any names."""
    database, loads = duckdb_engine.database, file_loads()
    odd = {**ODD_VALUES, **(dict.fromkeys(FILE_ONLY_NAMES, "long") if ending == "json" else {})}
    if ending == "json":
        odd |= {f"key {number}": "of many" for number in range(250)} | {"ID": "not the id", "nul\0": "cut"}
    sources = {collection: {"files": f"{tmp_path}/{collection}/*.{ending}"} for collection in ("pages", "tracks")}
    for number, load in enumerate(loads, 1):
        duckdb_engine.receive({name: [{**ODD_VALUES, **row} for row in rows] for name, rows in load.items()})
        for collection in [name for name in load if load[name]]:
            (tmp_path / collection).mkdir(exist_ok=True)
            path = tmp_path / collection / f"{number}.{ending}"
            database.execute(f"copy segment.{collection} to '{path}' (format {ending})")
            database.execute(f"drop table segment.{collection}")
            if ending == "json":
                rows = [json.loads(line) for line in path.read_text().splitlines()]
                path.write_text("\n".join(json.dumps({**odd, **row}) for row in rows))
        duckdb_engine.refresh({"sources": sources, "pass_through_columns": list(odd)[:len(ODD_NAMES)]})
        read = [{(name, sources[name]["files"]): rows for name, rows in one.items()} for one in loads[:number]]
        assert_equal(duckdb_engine, read, Settings(), None, f"after {ending} file {number}")
        carried = duckdb_engine.fetch("partitioning.app_tracks")
        assert all(row[name] == value for row in carried for name, value in ODD_VALUES.items())


def web(number, minutes, loaded, **columns):
    """A page of one of several places."""
    return {"id": f"page {number}", "anonymous_id": "a", "timestamp": at(minutes), "received_at": at(minutes), "uuid_ts": at(loaded),
            "url": "https://example.com/", **columns}


def test_several_places(engine):
    """Each place has its own watermark and columns; a message in two places counts once; removing a place keeps the messages it brought."""
    signup = {"id": "signup", "anonymous_id": "a", "event": "signed_up", "timestamp": at(100), "received_at": at(100)}
    first = {("pages", "web.pages"): [web(1, 0, 10 * DAY, title="web"), web(2, 1, 10 * DAY)],
             ("tracks", "web.tracks"): [{**signup, "uuid_ts": at(10 * DAY)}]}
    engine.receive(first)
    engine.refresh({"sources": {"schemas": ["web"]}})
    assert_equal(engine, [first])

    # Loaded long before what is stored already, where nobody had looked.
    second = {("pages", "ios.pages"): [web(1, 0, DAY, title="ios"), web(3, -60, DAY, url="https://example.com/?gclid=1"),
                                       web("", 5, DAY, id="null"), web("", 5, DAY, id=None)],
              ("pages", "web.pages"): [web(4, 2, 20 * DAY, referrer="https://www.google.com/"), web("", 5, DAY, id="null")],
              ("screens", "ios.screens"): [web(5, 3, DAY)]}
    engine.receive(second)
    engine.refresh({"sources": {"schemas": ["web", "ios"]}})
    assert_equal(engine, [first, second])
    found = engine.fetch("partitioning.schema_changes", "message_type, source_place, column_name, change")
    assert {tuple(row.values()) for row in found if row["source_place"] == "web.pages"} == {
        ("pages", "web.pages", "referrer", "new")}
    assert ("screens", "ios.screens", "url", "new") in {tuple(row.values()) for row in found}
    loads = engine.fetch("refresh.source_loads", "message_type, source_place, max(newest_loaded_at) over () as newest")
    assert {(row["message_type"], row["source_place"]) for row in loads} == {
        ("pages", "web.pages"), ("tracks", "web.tracks"), ("pages", "ios.pages"), ("screens", "ios.screens")}

    # One place under another name, another one by itself with tables of any name.
    third = {("pages", "ios.page_views"): [web(6, 6, 2 * DAY), web(4, 60, 2 * DAY)], ("pages", "web.pages"): [web(7, 500, 5 * DAY)]}
    engine.receive(third)
    engine.refresh({"sources": {"pages": [{"schema": "ios", "table": "page_views"}, {"schema": "web", "table": "pages"}]}})
    stored = [{**third, ("pages", "web.pages"): []}]
    assert_equal(engine, [first, second, *stored], when="with a late row behind the watermark of its place")
    engine.refresh({"sources": {"pages": {"schemas": ["web", "ios"], "optional": True}}}, since=at(4 * DAY).date())
    assert_equal(engine, [first, second, third], when="after --since")


def test_whatever_select_can_read(postgres_engine):
    """Materialized views, foreign tables, partitioned tables and views; unreadable ones are reported, optional or not."""
    database, engine = postgres_engine.database, postgres_engine
    kinds = {"tables": "tracks", "views": "pages", "snapshots": "screens", "far": "identifies", "months": "aliases"}
    load = {("tracks", "tables.tracks"): [{"id": "t", "anonymous_id": "a", "event": "signed_up", "timestamp": at(9)}],
            ("pages", "views.pages"): [{"id": "p", "anonymous_id": "a", "timestamp": at(0), "url": "https://example.com/?gclid=1"}],
            ("screens", "snapshots.screens"): [{"id": "s", "anonymous_id": "a", "timestamp": at(1)}],
            ("identifies", "far.identifies"): [{"id": "i", "anonymous_id": "a", "user_id": "u", "timestamp": at(9)}],
            ("aliases", "months.aliases"): [{"id": "l", "previous_id": "u", "user_id": "v", "timestamp": at(9)}]}
    for (collection, place), rows in load.items():
        database.load((collection, f"kept.{collection}"), rows)
        database.execute(f"create schema {place.split('.')[0]}")
    database.execute(f"""
        create table tables.tracks as select * from kept.tracks;
        create view views.pages as select * from kept.pages;
        create materialized view snapshots.screens as select * from kept.screens;
        create table months.aliases (like kept.aliases) partition by list (id);
        create table months.aliases_l partition of months.aliases for values in ('l');
        insert into months.aliases select * from kept.aliases;
        copy kept.identifies to '/tmp/{database.name}.csv' (format csv);
        create extension file_fdw;
        create server files foreign data wrapper file_fdw;
        create foreign table far.identifies (id text, anonymous_id text, user_id text, "timestamp" timestamp)
            server files options (filename '/tmp/{database.name}.csv', format 'csv');
    """)
    sources = {collection: {"schema": schema, "table": collection, "optional": True} for schema, collection in kinds.items()}
    try:
        engine.refresh({"sources": sources})
        assert_equal(engine, [load])
    finally:
        database.execute(f"copy (select 1) to program 'rm /tmp/{database.name}.csv'")

    def refusal(**places):
        outcome = engine.project.run("run", "--select", "partitions", vars={"sources": places})
        assert not outcome.success
        return outcome.error

    assert "far.identifies cannot be read (could not open file" in refusal(**sources)
    database.execute("refresh materialized view snapshots.screens with no data")
    assert "snapshots.screens cannot be read (materialized view" in refusal(screens=sources["screens"])
    assert "The schema iso (sources.schemas) has none of" in refusal(schemas=["kept", "iso"])
    assert "sources.pages names a place twice" in refusal(pages={"schemas": ["kept", "kept"]})
    assert "sources.revenue must be one place" in refusal(
        pages=sources["pages"], revenue={"schemas": ["kept", "views"], "table": "pages"})


def test_many_messages(duckdb_engine, tmp_path):
    """Enough messages in one month for the database to write them in several pieces: every model finds all of them."""
    sample_data.generate(tmp_path, messages=200_000, days=20, end=date(2026, 5, 22))
    duckdb_engine.refresh({"sources": {name: {"files": f"{tmp_path}/{name}/*.parquet"} for name in sample_data.COLLECTIONS}})
    [found] = duckdb_engine.database.query(
        "select (select count(*) from partitioning.app_tracks) as stored, "
        "(select sum(row_count) from partitioning.partitions) as in_months, "
        "(select count(*) from partitioning.app_tracks where is_session_event) as events, "
        "(select sum(event_count) from sessions.all_sessions) as in_sessions")
    assert found["stored"] == found["in_months"] > 190_000
    assert found["events"] == found["in_sessions"]
