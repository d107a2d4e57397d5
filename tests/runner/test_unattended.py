"""Unattended refreshes: temporary failures are retried, killed refreshes are continued, two never run at once, and everything is logged."""

import json
import os
import signal
import time
from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace

import duckdb
import psycopg2
import pytest

from common.errors import RefreshError
from conftest import NO_SERVER
from database.published import PUBLISHED_VARIABLE, check_published
from engines import DuckDB, Postgres
from installed import Installed, assert_refused, assert_succeeded, visits
from refreshing.seeds import COLUMNS

PUBLISHED = ("sessions.all_sessions", "sessions.attribution", "sessions.useful_sessions", "partitioning.app_tracks")
PATIENCE = 100  # seconds to wait for what a refresh should do


def lines(process):
    """Yields what a refresh says in JSON."""
    for line in process.stdout:
        yield json.loads(line)


def until(process, event, **facts) -> dict:
    """What the refresh says of the first such event."""
    for said in lines(process):
        if said["event"] == event and facts.items() <= said.items():
            return said
    raise AssertionError(f"the refresh ended without {event}: {process.communicate()[1]}")


def finish(process) -> dict:
    """What a refresh that has to succeed says at its end."""
    ended = until(process, "refresh_finished")
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and not stderr, stderr
    return ended


def stop(process, number) -> tuple[int, str]:
    """End a refresh by a signal: its exit code and what it says on stderr."""
    process.send_signal(number)
    _, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stderr


def counted(site) -> dict[str, int]:
    """Rows of the published tables."""
    return {name: site.database.query(f"select count(*) as n from {name}")[0]["n"] for name in PUBLISHED}


def log(site, batch: int) -> dict[str, dict]:
    """What the log says of a batch, by model."""
    found = site.database.query(f"select * from refresh.refresh_log where batch_id = {batch}")
    assert len({row["model"] for row in found}) == len(found)
    return {row["model"]: row for row in found}


def statuses(site) -> list[str]:
    """How the runs ended, in order."""
    return [row["status"] for row in site.database.query("select status from refresh.refresh_runs order by started_at")]


def health(site) -> dict:
    return site.database.query("select * from refresh.refresh_health")[0]


def test_on_duckdb(tmp_path):
    site = Installed(DuckDB(tmp_path), tmp_path)
    site.receive(visits(6))
    # somebody has the file open for a while
    with duckdb.connect(str(site.database.path)):
        running = site.start("--log-file", str(tmp_path / "log.jsonl"))
        said = until(running, "retry")
        assert f"in use by process {os.getpid()}" in said["error"] and said["in_seconds"] <= 60
        # a second refresh does not wait for the file, but for the first refresh
        assert_refused(site.refresh(), "Another refresh is running", f"process {running.pid} on ", "since 20", exit_code=3)
    ended = finish(running)
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert written[-1]["event"] == "refresh_finished" and {"retry", "model_started"} <= {one["event"] for one in written}
    named = {model["name"] for model in ended["models"]}
    assert named == {one["model"] for one in written if one["event"] == "model_started"} - set(COLUMNS) == set(log(site, 1))
    assert {"batch_messages", "touches", "attribution"} <= named
    tracks = log(site, 1)["app_tracks"]
    assert (tracks["status"], tracks["attempts"], tracks["rows_inserted"], tracks["error"]) == ("success", 1, 9, None)
    assert ended["newest_message_at"] == "2026-03-01 15:00:00+00:00" and counted(site)["sessions.attribution"] == 3

    # killed in the middle, in two ways
    site.receive(visits(4, first=6))
    running = site.start()
    until(running, "model_started", model="touches")
    assert stop(running, signal.SIGKILL) == (-signal.SIGKILL, "")
    assert counted(site)["partitioning.app_tracks"] == 15 and statuses(site) == ["success", "running"]
    assert (health(site)["last_status"], health(site)["is_running"]) == ("died", False)  # at once: nobody has the lock
    running = site.start()
    until(running, "model_started", model="all_sessions")
    code, stderr = stop(running, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM and stderr.startswith("Interrupted: run it again") and len(stderr.splitlines()) == 1
    assert statuses(site) == ["success", "died", "failed"]
    # it continued the batch
    assert log(site, 2)["app_tracks"]["rows_inserted"] == 6 and log(site, 2)["all_sessions"]["status"] == "success" and not log(site, 3)

    outcome = site.refresh()
    assert_succeeded(outcome)
    assert counted(site) == dict(zip(PUBLISHED, (10, 5, 5, 15)))
    found = health(site)
    assert (found["last_status"], found["is_running"]) == ("success", False)
    assert found["newest_message_at"] == datetime(2026, 3, 1, 19) and found["newest_message_lag_seconds"] > 0
    assert found["last_duration_seconds"] > 0 and found["last_to_median"] > 0

    # a source that is missing for a moment is no reason to wait, nor to lose anything
    site.receive(visits(2, first=10))
    site.database.execute("alter table segment.pages rename to pages_new")
    sources = {"pages": {"schema": "segment", "table": "pages"}, "tracks": {"schema": "segment", "table": "tracks"}}
    assert_refused(site.refresh(sources=sources), "The source table does not exist", "segment.pages")
    assert statuses(site)[-1] == "failed" and "segment.pages" in health(site)["last_error"]
    site.database.execute("alter table segment.pages_new rename to pages")
    assert_succeeded(site.refresh("--quiet", sources=sources))
    assert counted(site) == dict(zip(PUBLISHED, (12, 6, 6, 18)))

    # variables that make no sense say nothing of the tables, and a run that had no batch hides no later one
    assert_refused(site.refresh(session_gap_minutes=30), "session_gap_minutes changed")
    assert statuses(site)[-1] == "refused" and health(site)["last_status"] == "success"
    site.receive(visits(1, first=12))
    running = site.start()
    until(running, "model_started", model="touches")
    stop(running, signal.SIGKILL)
    assert (statuses(site)[-1], health(site)["last_status"]) == ("running", "died")

    # only the account and its group may read what a refresh makes
    made = {path for path in tmp_path.glob("*.duckdb*") if path.is_file()} - {site.database.path}
    assert {path.suffix for path in made} >= {".duckdb", ".lock", ".spare"}
    assert {oct(path.stat().st_mode & 0o777) for path in made} <= {"0o640", "0o440"}


def test_the_readers_file_replaces_nothing_else(tmp_path, monkeypatch):
    """Anything but an earlier readers' file in its place stays, and is named before anything is done."""
    target = SimpleNamespace(file=tmp_path / "work.duckdb", schema=lambda folder: f"dev_{folder}")
    for name, statement in (("work", "create schema refresh; create table refresh.models (n int)"), ("theirs", "create table a (n int)"),
                            ("ours", "create schema dev_refresh; create table dev_refresh.published (n int)"),
                            ("others", "create schema refresh; create table refresh.published (n int)")):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(statement)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "empty.duckdb").touch()
    (tmp_path / "link.duckdb").symlink_to(target.file)
    for name, is_fine in (("ours.duckdb", True), ("empty.duckdb", True), ("new.duckdb", True), ("work.duckdb", False),
                          ("link.duckdb", False), ("theirs.duckdb", False), ("others.duckdb", False), ("notes.txt", False)):
        monkeypatch.setenv(PUBLISHED_VARIABLE, str(tmp_path / name))
        with nullcontext() if is_fine else pytest.raises(RefreshError, match=f"{name} is not a readers' file"):
            check_published(target)
    with duckdb.connect(str(tmp_path / "theirs.duckdb")):  # open to write, so nobody can look into it from another process
        monkeypatch.setenv(PUBLISHED_VARIABLE, str(tmp_path / "theirs.duckdb"))
        with pytest.raises(RefreshError, match="theirs.duckdb is not a readers' file"):
            check_published(target)


def wait_for(database, query) -> dict:
    """Wait for the first row that the query returns."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := database.query(query):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"nothing came of {query}")


def blocked(batch: int) -> str:
    """Query on the session of the model that waits for the lock which the test holds."""
    return ("select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() "
            f"and application_name = 'signup_attribution refresh {batch} attribution'")


@pytest.fixture
def postgres_site(tmp_path):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    database = Postgres()
    yield Installed(database, tmp_path)
    database.close()


@pytest.fixture
def other_session(postgres_site):
    """A second connection, which may hold locks."""
    connection = psycopg2.connect(dbname=postgres_site.database.name)
    yield connection
    connection.close()


def test_on_postgres(postgres_site, other_session):
    site, holder = postgres_site, other_session.cursor()
    site.receive(visits(6))
    # a source is locked for a while
    holder.execute("lock table segment.pages")
    impatient = {"PGOPTIONS": "-c lock_timeout=300ms"}
    running = site.start(environment=impatient)
    said = until(running, "retry")
    assert list(said["failed"]) == ["batch_messages"]
    other_session.rollback()
    ended = finish(running)
    assert ended["batch_id"] == 1 and statuses(site) == ["success"]
    attempts = {model["name"]: model["attempts"] for model in ended["models"]}
    assert attempts.pop("batch_messages") > 1 and set(attempts.values()) == {1}
    assert log(site, 1)["batch_messages"]["attempts"] > 1 and counted(site)["sessions.attribution"] == 3

    # a model has to wait, and meanwhile: a second refresh, and an end by SIGTERM, which ends the model's session too
    site.receive(visits(4, first=6))
    holder.execute("lock table sessions.attribution in share mode")
    patient = {"PGOPTIONS": "-c lock_timeout=100s"}
    running = site.start(environment=patient)
    session = wait_for(site.database, blocked(2))
    assert health(site)["is_running"]
    assert_refused(site.refresh(), "Another refresh is running", "since 20", "--wait", exit_code=3)
    code, stderr = stop(running, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM and stderr.startswith("Interrupted: run it again")
    wait_for(site.database, "select 1 where not exists (select 1 from pg_stat_activity where application_name like "
                            f"'signup_attribution refresh 2%' and pid = {session['pid']})")
    logged = log(site, 2)
    assert (logged["attribution"]["status"], logged["attribution"]["error"]) == ("error", "It was interrupted.")
    assert logged["app_tracks"]["rows_inserted"] == 6 and not health(site)["is_running"]

    # killed: its session waits on, and the next refresh ends it; then an administrator ends the next one's
    running = site.start(environment=patient)
    orphan = wait_for(site.database, blocked(2))
    assert stop(running, signal.SIGKILL)[0] == -signal.SIGKILL
    running = site.start(environment=patient)
    session = wait_for(site.database, f"{blocked(2)} and pid != {orphan['pid']}")
    assert not site.database.query(f"select 1 from pg_stat_activity where pid = {orphan['pid']} and state = 'active'")
    site.database.execute(f"select pg_terminate_backend({session['pid']})")
    assert "attribution" in until(running, "retry")["failed"]
    other_session.rollback()
    ended = finish(running)
    assert statuses(site) == ["success", "failed", "died", "success"]
    assert log(site, 3)["attribution"]["attempts"] > log(site, 3)["all_sessions"]["attempts"]
    assert counted(site) == dict(zip(PUBLISHED, (10, 5, 5, 15)))
    changed = log(site, 2)["attribution"]
    assert (changed["rows_read"], changed["rows_inserted"], changed["rows_deleted"]) == (2, 2, 0)

    # a permanent error is not retried
    site.receive(visits(2, first=10))
    with site.edited(
            "models/sessions/attribution.sql", "\nselect * from attribution", "\nselect * from no_such_table"):
        assert_refused(site.refresh(), "no_such_table", exit_code=1)
    failed = log(site, 4)
    assert (failed["attribution"]["status"], failed["attribution"]["attempts"]) == ("error", 1)
    assert "no_such_table" in failed["attribution"]["error"] and failed["touches"]["status"] == "success"
    found = health(site)
    assert found["last_status"] == "failed" and "no_such_table" in found["last_error"]
    assert found["newest_message_at"] == datetime(2026, 3, 1, 19) and found["seconds_since_success"] > 0
