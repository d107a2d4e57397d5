"""On PostgreSQL the refresh of a few new messages finds the stored rows it needs by an index, and reads no stored table whole."""

import os
import uuid
from datetime import date

import pytest

from benchmark_sides import OnPostgres, refresh
from conftest import NO_SERVER
from sample_data import generate, sample_files
from statements import logged, statements

# What holds all of history. The others hold what is new (new_messages), or a row for each rule (evidence_classes).
HISTORY = {
    "aliasing.aliases", "aliasing.known_pairs", "aliasing.identity_spans", "aliasing.device_owners",
    "sessions_stages.device_sessions", "sessions_stages.touch_evidence", "sessions_stages.session_members",
    "sessions_stages.touches", "sessions.all_sessions", "sessions.useful_sessions", "sessions.attribution",
}


@pytest.fixture
def side(tmp_path):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    generate(tmp_path / "sample", messages=40_000)
    side = OnPostgres(tmp_path / "side", [tmp_path / "sample"], "", f"test_{uuid.uuid4().hex[:12]}")
    side.empty()
    yield side
    side.administer(f"drop database if exists {side.database}", f"drop database if exists {side.copy}")


def test_no_stored_table_is_read_whole(side, tmp_path):
    days = sorted({day for day, _, _ in sample_files(tmp_path / "sample")})
    side.receive(days[:-1])
    refresh(side)
    side.receive(days[-1:])
    only_the_first_hours(side, days[-1])
    side.keep_copy()
    _, tables = refresh(side, logged(tmp_path / "log"))
    assert 0 < tables["app_tracks"]["rows_written"] < 500
    assert tables["attribution"]["rows_written"] > 0, "nobody signed up: the plan of attribution shows nothing"
    rows_read, read_whole = side.replayed(statements(tmp_path / "log"))
    found = {model: tables for model, whole in read_whole.items() if (tables := history_of(whole))}
    assert not found
    assert sum(rows_read.values()) < 40_000


def only_the_first_hours(side, day: date):
    """Take the rest of that day's messages out of the sources again."""
    for collection in ("tracks", "pages", "identifies", "aliases"):
        side.run(f"delete from segment.{collection} where uuid_ts > timestamp '{day}' + interval '3 hours'")


def history_of(tables: set[str]) -> set[str]:
    """Of these tables those that hold all of history, months of app_tracks too."""
    return {table for table in tables if table in HISTORY or table.startswith("partitioning.app_tracks")}
