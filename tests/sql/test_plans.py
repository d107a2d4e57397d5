"""On PostgreSQL the refresh of a few new messages finds the stored rows it needs by an index, and reads no stored table whole.
On DuckDB, which reads columns whole, one that finds no shared device reads no stored message for it, and ids are stored uncompressed.

MESSAGES=10000000 looks at the plans on so many (make plans).
"""

import os
import uuid
from datetime import date

import pytest

from benchmark_sides import ROOT, OnDuckDB, OnPostgres, refresh
from conftest import NO_SERVER
from sampling.data import generate, sample_files
from statements import logged, statements

MESSAGES = int(os.environ.get("MESSAGES", "200000"))
# A table of fewer rows is read faster than its index. Those that grow with the messages have more: visits, touches, months.
SMALL = MESSAGES // 8
# A day is a large part of so few.
SOURCES = {"segment.tracks", "segment.pages"}

# Those of persons are recomputed for changed persons only; the others are figures over all sign-ups, of which there are few.
PERSON_MARTS = {"path_credits", "person_paths"}
# How many touches the persons of the last refresh have.
CONCERNED = """
    select count(*) from sessions_stages.touches
    where alias_id in (
        select alias_id from this_batch.changed_persons
        where batch_id = (select max(batch_id) from this_batch.changed_persons)
    )"""
MARTS = {path.stem for path in (ROOT / "models/reporting").glob("*.sql")} - PERSON_MARTS


@pytest.fixture
def side(tmp_path):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    generate(tmp_path / "sample", messages=MESSAGES)
    side = OnPostgres(tmp_path / "side", [tmp_path / "sample"], "", f"test_{uuid.uuid4().hex[:12]}")
    side.empty()
    yield side
    side.administer(f"drop database if exists {side.database}", f"drop database if exists {side.copy}")


def test_no_stored_table_is_read_whole(side, tmp_path):
    days = sorted({day for day, _, _ in sample_files(tmp_path / "sample")})
    side.receive(days[:-1])
    refresh(side)
    side.receive(days[-1:])
    only_the_first_hour(side, days[-1])
    side.keep_copy()
    _, tables = refresh(side, logged(tmp_path / "log"))
    assert 0 < tables["app_tracks"]["rows_written"] < MESSAGES // 400
    assert tables["attribution"]["rows_written"] > 0, "nobody signed up: the plan of attribution shows nothing"
    assert all(type(size) is int and size > 0 for size in side.bytes_stored())
    rows_read, scans = side.replayed(statements(tmp_path / "log"))
    for model in ("app_tracks", "session_visits", "touches"):
        assert rows_read[model] >= tables[model]["rows_written"] > 0, "what is written is made of rows that were read"
    assert scans["batch_messages"], "no scan was found at all: not even of the new messages' source"
    large = {
        (model, table, rows) for model, found in scans.items() if model not in MARTS
        for table, rows in found.items() if rows > SMALL and table not in SOURCES
    }
    assert not large
    assert sum(rows for model, rows in rows_read.items() if model not in {"batch_messages", *MARTS}) < MESSAGES
    (concerned,), (signups,) = side.run(CONCERNED), side.run("select count(*) from sessions.attribution")
    for mart in PERSON_MARTS:
        assert rows_read[mart] < signups + 4 * concerned, "more than what is stored of the persons concerned, and the sign-ups"


def only_the_first_hour(side, day: date):
    """Remove the rest of that day's messages from the sources again."""
    for collection in ("tracks", "pages", "identifies", "aliases"):
        side.run(f"delete from segment.{collection} where uuid_ts > timestamp '{day}' + interval '1 hour'")


def test_what_duckdb_looks_through(tmp_path):
    generate(tmp_path / "sample", messages=20_000)
    side = OnDuckDB(tmp_path / "side", [tmp_path / "sample"], "1GB")
    side.empty()
    side.receive(sorted({day for day, _, _ in sample_files(tmp_path / "sample")}))
    _, tables = refresh(side)
    assert side.keep_copy()
    refresh(side, logged(tmp_path / "log"))
    rows_read = side.rows_read(statements(tmp_path / "log"))
    assert rows_read["batch_messages"] > tables["app_tracks"]["rows_written"], "there the ids of all stored messages are looked through"
    assert rows_read.get("identity_spans", 0) < tables["app_tracks"]["rows_written"] / 10, "and where nothing changed, nothing is"
    assert is_packed(side, "sessions_stages.session_visits", "landing_page_url"), "nothing is: this shows nothing of ids"
    for table in ("sessions_stages.device_sessions", "sessions_stages.session_visits", "sessions_stages.touches", "sessions.all_sessions"):
        assert not is_packed(side, table, "alias_id")
    assert not is_packed(side, "partitioning.app_tracks", "event_id")


def is_packed(side, table: str, column: str) -> bool:
    """Whether some of the column's values are stored compressed."""
    return side.run(
        f"select count(*) > 0 from pragma_storage_info('{table}') "
        f"where column_name = '{column}' and segment_type = 'VARCHAR' and compression != 'Uncompressed'")[0]
