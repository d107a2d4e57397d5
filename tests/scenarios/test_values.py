"""Values of source columns of every type: times, ids, and texts of any length."""

import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from harness import assert_equal
from installed import Installed, assert_refused

# Texts of a time column; the oracle knows which of them are times, and what they mean.
ZONES = ("", "Z", " Z", "UTC", " UTC", "+00", " +0000", "+02", " -02", "+0530", " -0330", "+14:00", " +02:00", "-23:59", "+99", "+24:00",
         "-12:60", "+2", "z", "GMT", "  Z", "+02:", "+-02", "[Europe/Berlin]", "A", "+020000")
CLOCKS = ("T10:00", " 23:59:60", "T23:59:59", " 10:00:00.1", "T10:00:00.1234569", "T00:00:60.9999999999", "T24:00", "T10:60", "T10:00:61",
          "T10", "T1000", "t10:00", "T10:00:", "T10:00:00.", "T10:00:00,5", "T10:00:00.12a", "T-1:00", "  10:00")
DAYS = ("2026-03-10", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2026-02-31", "2026-04-31", "2026-12-31", "2026-13-01", "2026-00-10",
        "2026-01-00", "2026-01-32", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "-2026-01-01", "26-01-01", "2026-1-1", "2026-070",
        "20260310", "2026-W10", "10/03/2026", "infinity", "-infinity", "now", "epoch", "yesterday", "", " ", "null", "2026-03-10 BC",
        "٢٠٢٦-٠٣-١٠", "2026-03-10\n", "2026-03-10T10:00:00Z\n2026-03-10", "Tue Mar 10 2026 10:00:00 GMT+0000", "2026-03-10 10:00:00 PST")
NUMBERS = ("0", "-0", "1773144000", "1773144000000", "1773144000000000", "1773144000000000000", "-1773144000", "-1773144000000", "99999999999",
           "100000000000", "99999999999999", "100000000000000", "-62135596800000000", "-62135596800000001", "253402300799999999",
           "253402300800000000", "1773144000.0", "1773144000.", "1773144000.5", "1e9", "+1773144000", "17 73", "9" * 400, "0" * 400 + "7", "0x10",
           "1_773_144_000", "-", ".", "-.0")
TEXTS = (*(f"2026-03-10T10:00:00{zone}" for zone in ZONES), *(f"2026-03-10 10:00:00.123456{zone}" for zone in ZONES[:13]),
         *(f"2026-03-10T10:00{zone}" for zone in ZONES[:13]), *(f"2026-12-31{clock}" for clock in CLOCKS), *DAYS, *NUMBERS,
         "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00-01:00", "9999-12-31T23:59:60", "9999-12-31T23:00:00-02", "9999-12-31 23:59:59.999999Z",
         " 2026-03-10T10:00:00Z ", "2026-03-10Z", "2026-03-10T23:59:60.5+23:59", "2026-03-10T10:00+1060", "\t2026-03-10", "\u00a02026-03-10")

# Numbers that stand for times and for ids.
INTEGERS = (0, -1, 86400, 1773144000, 1773144000000, 1773144000000123, -1773144000000, 2**63 - 1, -2**63, 10**18, -62135596800000000)
DOUBLES = (0.0, 1773144000.0, 1773144000000.0, 1.773144e15, -1.0, 1773144000.5, 1e18, 1e300, -1e300, float("inf"), float("nan"), 123.0, 1e15,
           2.0**53, 1e16, 1e20, 1.1805916207174113e21, 1e37, -5.0, 2.5, -0.0, 0.1, 1e-7)
DECIMALS = (Decimal("123.00"), Decimal("1773144000000.00"), Decimal("1773144000.50"), Decimal("-7.00"), Decimal("0.00"), Decimal("99999999999999999.00"))

# Pairs of an id and a time in columns of JSON.
JSONS = (("x", "2026-03-10T10:00:00Z"), (124.0, 1773144000.0), (7, 1773144000000), (None, 1773144000), ("8.0", None), ('said "x"', "never"), (False, "no time"))


def literal(value):
    """A value as both engines read it."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"cast('{value!r}' as double precision)"
    if isinstance(value, (int, Decimal)):
        return f"cast('{value}' as numeric(38, 2))" if isinstance(value, Decimal) else f"cast('{value}' as bigint)"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"cast('{value.isoformat()}' as {'timestamp' if isinstance(value, datetime) else 'date'})"


def make_table(engine, name, types, rows):
    """A source table with these column types."""
    engine.database.execute("create schema if not exists segment")
    columns = ", ".join(f'"{column}" {sql_type}' for column, sql_type in types.items())
    engine.database.execute(f"create table segment.{name} ({columns})")
    add_rows(engine, name, types, rows)


def add_rows(engine, name, types, rows):
    """Rows of such a table."""
    values = ",\n".join("(" + ", ".join(
        literal(json.dumps(row[column]) if sql_type in ("json", "jsonb") and column in row else row.get(column))
        for column, sql_type in types.items()) + ")" for row in rows)
    engine.database.execute(f"insert into segment.{name} values {values}")


def loads_of_any_type():
    """Two loads; what the second one holds in tracks.user_id and screens.anonymous_id has another type by then."""
    at = datetime(2026, 3, 10, 12)
    first = {
        "pages": [*({"id": f"text {number}", "anonymous_id": f"a{number}", "timestamp": text} for number, text in enumerate(TEXTS)),
                  {"id": "device", "anonymous_id": "123", "timestamp": "2026-03-09", "url": "https://example.com/?gclid=1"}],
        "tracks": [{"id": float(number), "anonymous_id": "x", "user_id": number, "timestamp": number} for number in INTEGERS],
        "screens": [{"id": f"double {number}", "anonymous_id": value, "timestamp": value, "received_at": at if number != 1 else datetime(1969, 12, 31)}
                    for number, value in enumerate(DOUBLES)],
        "identifies": [{"id": f"decimal {number}", "user_id": value, "timestamp": value, "sent_at": date(2026, 3, number + 1)}
                       for number, value in enumerate(DECIMALS)],
        "aliases": [{"id": f"json {number}", "user_id": "of json", "previous_id": value, "timestamp": time, "original_timestamp": Decimal("1773144000")}
                    for number, (value, time) in enumerate(JSONS)],
    }
    second = {
        "tracks": [{"id": 1.5e15, "anonymous_id": "123", "user_id": 123.0, "timestamp": 1773144000, "event": "signed_up"},
                   {"id": 86400.0, "anonymous_id": "a copy", "user_id": 86400.0, "timestamp": 1773144000}],
        "screens": [{"id": "long", "anonymous_id": "a" * 255, "timestamp": 1773144000.0}, {"id": "too long", "anonymous_id": "é" * 256, "timestamp": 1773144000.0},
                    {"id": "in bytes", "anonymous_id": "é" * 255, "timestamp": 1773144000.0}, {"id": "123 again", "anonymous_id": "123", "timestamp": 1773144000.0},
                    {"id": "x" * 300, "anonymous_id": "123", "timestamp": 1773144000.0}, {"id": "text stays", "anonymous_id": "123.0", "timestamp": 1773144000.0}],
    }
    return first, second


def test_times_and_ids_of_any_type(engine):
    """Each time form and number as the oracle reads it; a whole number is one id in all columns, even when their type changes."""
    first, second = loads_of_any_type()
    number = "double precision"
    types = {
        "pages": {"id": "text", "anonymous_id": "text", "timestamp": "text", "url": "text"},
        "tracks": {"id": number, "anonymous_id": "text", "user_id": "bigint", "timestamp": "bigint", "event": "text"},
        "screens": {"id": "text", "anonymous_id": number, "timestamp": number, "received_at": "timestamp"},
        "identifies": {"id": "text", "user_id": "numeric(38, 2)", "timestamp": "numeric(38, 2)", "sent_at": "date"},
        "aliases": {"id": "text", "user_id": "jsonb" if engine.name == "postgres" else "json", "previous_id": "json", "timestamp": "json",
                    "original_timestamp": "numeric(38, 28)"},
    }
    for name, columns in types.items():
        make_table(engine, name, columns, first[name])
    if engine.name == "duckdb":  # nanoseconds are cut: the same times
        engine.database.execute("alter table segment.screens alter received_at type timestamp_ns using make_timestamp_ns(epoch_ns(received_at) + 999)")
    engine.refresh()
    assert_equal(engine, [first])

    engine.database.execute("alter table segment.tracks alter column user_id type double precision")
    engine.database.execute("alter table segment.screens alter column anonymous_id type text")
    for name, rows in second.items():
        add_rows(engine, name, types[name], rows)
    engine.refresh()
    assert_equal(engine, [first, second])
    assert {row["alias_id"] for row in engine.published("all_sessions")} >= {"123", "a" * 255, "é" * 255, "1000000000000000", "123.0"}
    [signed_up] = engine.published("attribution")
    assert (signed_up["alias_id"], signed_up["last_attributed_touch_channel"]) == ("123", "Paid Search")


def long_text(number, length=6_000):
    """Random letters, because PostgreSQL would compress repetitive text."""
    return "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def widest_id(number):
    """As many bytes as an id can have."""
    return "".join(map(chr, random.Random(number).choices(range(0x1F300, 0x1F600), k=255)))


LONG_COLUMNS = ("id", "anonymous_id", "user_id", "name", "url", "path", "title", "referrer", "search", "context_page_url", "context_campaign_source",
                "context_campaign_medium", "context_campaign_name", "context_campaign_term", "context_campaign_content", "context_user_agent",
                "context_ip")
LONG_URLS = [f"https://example.com/?{name}={long_text(number)}" for number, name in enumerate(("utm_source", "utm_campaign", "gclid", "q"))]


def visits_with_long_texts(started):
    """A page with a long text in each column, a few URLs, and a device and user with the widest ids there are; all sign up."""
    pages, tracks, at = [], [], started
    longs = [{column: long_text(number)} for number, column in enumerate(LONG_COLUMNS)]
    longs += [{"url": url} for url in LONG_URLS] + [{"referrer": f"https://{long_text(7)}.example/"}]
    for number, columns in enumerate(longs):
        at += timedelta(hours=1)
        person = {"anonymous_id": f"device {number}", "user_id": f"user {number}", "received_at": at, "timestamp": at}
        pages.append({**person, "id": f"page {number} {started}", "url": "https://example.com/", **columns})
        tracks.append({**person, "id": f"track {number} {started}", "event": "signed_up"})
    widest = {"anonymous_id": widest_id(1), "user_id": widest_id(2), "received_at": at, "timestamp": at}
    pages.append({**widest, "id": widest_id(str(started)), "url": "https://example.com/?gclid=1"})
    tracks.append({**widest, "id": f"long event {started}", "event": long_text(77), "event_text": long_text(78)})
    return {"pages": pages, "tracks": tracks}


# Texts that our own separators, or what an engine takes for a blank or a line, could take for others.
PARAMETERS = ("utm_source=a%1Fb&utm_medium=c", "utm_source=a&utm_medium=b%1Fc", "utm_source=%1E&utm_medium=c", "utm_medium=c", "utm_source=%1E0&utm_medium=c",
              "utm_source=%C2%A0newsletter", "utm_source=%E3%80%80", "gclid=%C2%A0", "utm_source=x%09&utm_medium=%0Acpc")


def lookalikes(at):
    """A device for each of PARAMETERS, which all sign up, and one with two events of one id and time."""
    pages = [{"id": f"first {number}", "anonymous_id": f"device {number}", "url": f"https://example.com/?{parameters}", "timestamp": at, "received_at": at}
             for number, parameters in enumerate(PARAMETERS)]
    tracks = [{**page, "id": f"second {page['id']}", "event": "signed_up", "context_page_url": page["url"]} for page in pages]
    twice = {"id": "twice", "anonymous_id": "twice", "timestamp": at, "received_at": at}
    pages.append({**twice, "url": "https://example.com/?utm_source=A&utm_medium=cpc"})
    tracks.append({**twice, "event": "signed_up", "context_page_url": "https://example.com/?utm_source=B&utm_medium=cpc"})
    return {"pages": pages, "tracks": tracks}


def test_long_texts(engine):
    """No text is too long for a refresh, nor for those that look it up later, and none is taken for another."""
    loads = [lookalikes(datetime(2026, 3, 1)), visits_with_long_texts(datetime(2026, 3, 2)), visits_with_long_texts(datetime(2026, 3, 2, 0, 5))]
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh()
        assert_equal(engine, loads[:number])


SEATS = {"name": "seats", "type": "integer"}


def test_what_could_not_be_read_is_said(engine, tmp_path):
    """In the summary, in the lines in JSON, by --check: a time column without a single time, values that do not fit a type,
    values of money and surveys, and that more is rejected than not."""
    site = Installed(engine.database, tmp_path)
    at = datetime(2026, 3, 10)
    person = {"anonymous_id": "a", "original_timestamp": 1773144000, "sent_at": "2026-03-10 12:00:00 UTC"}
    engine.receive({
        "pages": [{"id": str(number), "anonymous_id": "a", "timestamp": f"last week, {number}"} for number in range(1, 5)],
        "tracks": [{**person, "id": "1", "event": "signed_up", "seats": "3"}, {**person, "id": "2", "timestamp": at, "seats": " "},
                   {**person, "id": "3", "timestamp": at, "seats": "many"}],
        "ad_spend": [{"date": "05/01/2026", "cost": "7"}, {"date": "20260501", "cost": "$7"}, {"date": " "}],
        "subscriptions": [{"user_id": "u", "started_at": at, "amount": 1, "billing_interval": interval} for interval in ("Week ", "quarter")],
    })
    sources = {name: {"schema": "segment", "table": name} for name in ("pages", "tracks", "ad_spend", "subscriptions")}
    outcome = site.refresh("--log-file", str(tmp_path / "log.jsonl"), pass_through_columns=[SEATS], sources=sources)
    assert outcome.returncode == 0, outcome.stderr
    notes = outcome.stderr.splitlines()
    for words in ("None of 4 values of timestamp in segment.pages (", "1 of 2 values of seats in segment.tracks (", "cannot be integer",
                  "2 of 2 values of date in segment.ad_spend (", "1 of 2 values of cost in segment.ad_spend (", "write numbers such as 1234.5.",
                  "1 of 2 values of billing_interval in segment.subscriptions (", "write week, month or year.",
                  "4 of 7 new messages were rejected (missing_timestamp 4): see "):
        assert [words in note for note in notes].count(True) == 1, (words, notes)
    summary = " ".join(outcome.stdout.split())
    assert len(notes) == 6 and all(f" note {note}" in summary for note in notes), outcome.stdout
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["text"] for line in written if line["event"] == "note"] == notes == written[-1]["notes"]
    assert (written[-1]["totals"]["messages"], written[-1]["totals"]["rejected"]) == (3, 4)
    assert sorted(row["seats"] or 0 for row in engine.fetch("partitioning.app_tracks", "seats")) == [0, 0, 3]

    outcome = site.refresh("--check", sources=sources)
    assert outcome.returncode == 2 and "None of 4 values of timestamp in segment.pages (" in outcome.stdout
    assert "2 of 2 values of date in segment.ad_spend (" in outcome.stdout and outcome.stdout.count("PROBLEM") == 4, outcome.stdout


def test_databases_that_cannot_hold_everything(postgres_engine, tmp_path):
    database = postgres_engine.database
    database.execute(f"create database {database.name}_bytes template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'")
    try:
        site = Installed(database, tmp_path)
        environment = {"PGDATABASE": f"{database.name}_bytes", "PGOPTIONS": "-c standard_conforming_strings=off"}
        assert_refused(site.refresh(environment=environment), f"{database.name}_bytes is encoded in SQL_ASCII", "'UTF8'")
        found = site.refresh("--check", environment=environment)
        assert found.returncode == 2 and found.stdout.count("PROBLEM  connection") == 2
        assert "standard_conforming_strings is off: alter role" in found.stdout
    finally:
        database.execute(f"drop database {database.name}_bytes with (force)")
