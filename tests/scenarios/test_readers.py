"""Readers during refreshes see all published tables as one refresh left them, and never wait for long.

READS=30 has them read during that many refreshes (make chaos), instead of a few.
"""

import os
import re
import threading
from contextlib import closing
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import duckdb
import psycopg2
import pytest

from common.errors import RefreshError
from conftest import NO_SERVER
from database.published import CHANGED_BY_PERSON, GROWING, PUBLISHED_VARIABLE, SCHEMAS, publish, published_file
from database.stored_tables import stored_tables
from engines import DuckDB, Postgres, held_by_another
from forks import Forks, apart
from installed import STARTED, visits
from project import ROOT
from refreshing.check import file_findings
from refreshing.run import Run

REFRESHES = int(os.environ.get("READS", "3"))
READERS = 3
PAUSE = 0.1 if REFRESHES > 3 else 0.5  # seconds between two reads of a reader
PEOPLE = 8  # that come with each load
# Queries that must be empty at any time. Each compares what several tables say about one person.
TORN = {
    "attribution and all_sessions": """
        select * from sessions.attribution as attribution
        full outer join (select * from sessions.all_sessions where is_signup_session) as signups
            on attribution.alias_id = signups.alias_id
        where attribution.signup_session_id is distinct from signups.session_id
            or attribution.signup_timestamp is distinct from signups.signup_timestamp
            or attribution.session_count_before_signup is distinct from signups.session_number - 1""",
    "useful_sessions of all_sessions": """
        select session_id, alias_id, session_number, event_count, channel, session_end, signup_timestamp from sessions.useful_sessions
        except
        select session_id, alias_id, session_number, event_count, channel, session_end, signup_timestamp from sessions.all_sessions""",
    "all_sessions without useful_sessions": """
        select session_id, alias_id from sessions.all_sessions
        where (is_first_session or is_signup_session) and alias_id in (select alias_id from sessions.attribution)
        except select session_id, alias_id from sessions.useful_sessions""",
    "numbers of sessions": """
        select alias_id from sessions.all_sessions
        group by alias_id having count(*) != max(session_number) or min(session_number) != 1""",
}
SIZE = "select (select count(*) from sessions.all_sessions), (select count(*) from sessions.attribution)"


def loads():
    """Yields load after load: new people, some of whom sign up, and those of the load before, more of whom do."""
    for number in count():
        messages = visits(PEOPLE, first=number * PEOPLE)
        at = STARTED + timedelta(days=2, hours=number)
        for known in range(max(0, number - 1) * PEOPLE, number * PEOPLE):
            row = {"anonymous_id": f"device {known}", "timestamp": at, "received_at": at}
            messages["pages"].append({**row, "id": f"page {known} again", "url": "https://example.com/?gclid=x"})
            if not known % 4:
                messages["tracks"].append({**row, "id": f"late track {known}", "event": "signed_up", "user_id": f"user {known}"})
        yield messages


class Readers:
    """Threads that read again and again until they are told to stop. read: finds out names of what is torn, and the size."""

    def __init__(self, read):
        self.read, self.stopped = read, threading.Event()
        self.problems, self.sizes, self.count = [], set(), 0
        self.threads = [threading.Thread(target=self.go_on) for _ in range(READERS)]

    def go_on(self):
        while not self.stopped.is_set():
            try:
                torn, size = self.read()
            except (psycopg2.Error, duckdb.Error) as error:
                torn, size = [repr(error)], None
            self.problems += torn
            self.sizes.add(size)
            self.count += 1
            self.stopped.wait(PAUSE)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def assert_content(self, least: int):
        """They have read often, have seen at least this many states, and never anything wrong."""
        assert not self.problems, self.problems[:5]
        assert self.count >= REFRESHES * READERS and len(self.sizes) >= least, (self.count, self.sizes)


def torn_in(cursor) -> tuple[list[str], tuple]:
    """What is torn in the snapshot of a transaction, and how much there is."""
    found = []
    for name, query in TORN.items():
        cursor.execute(query)
        found += [f"{name}: {row}" for row in cursor.fetchall()[:3]]
    cursor.execute(SIZE)
    return found, cursor.fetchone()


@pytest.fixture
def postgres():
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    database = Postgres()
    yield database
    database.close()


def succeed(forks, *options):
    ended = forks.refresh(*options)
    assert ended.code == 0 and not ended.stderr, ended.stdout + ended.stderr


def test_readers_of_postgres(postgres, tmp_path):
    database = postgres
    with closing(Forks(database, tmp_path, apart(tmp_path))) as forks:
        arriving = loads()
        receive(database, next(arriving))
        succeed(forks)
        database.execute("create schema bi; create view bi.channels as select last_touch_channel, count(*) as signups "
                         "from sessions.attribution group by 1; create view bi.sessions as select * from sessions.all_sessions")
        tables = database.query("select oid from pg_class where relnamespace = 'sessions'::regnamespace and relkind = 'r' order by 1")

        def read():
            with closing(psycopg2.connect(dbname=database.name, options="-c lock_timeout=5s")) as connection:
                connection.set_session("repeatable read", readonly=True)
                with connection.cursor() as cursor:
                    first = torn_in(cursor)
                    cursor.execute("select coalesce(sum(signups), 0), (select count(*) from bi.sessions) from bi.channels")
                    signups, sessions = cursor.fetchone()
                    assert (sessions, signups) == first[1]
                    return first

        with Readers(read) as readers, long_read(database):
            for number in range(REFRESHES):
                receive(database, next(arriving))
                succeed(forks, *(["--full-refresh"] if number == REFRESHES - 1 else []))
        readers.assert_content(REFRESHES)
        # nothing was replaced
        assert tables == database.query(
            "select oid from pg_class where relnamespace = 'sessions'::regnamespace and relkind = 'r' order by 1")
        assert database.query("select sum(signups) as n from bi.channels") == database.query(
            "select count(*) as n from sessions.attribution")


def long_read(database):
    """A transaction that has read the published tables and stays open."""
    connection = psycopg2.connect(dbname=database.name)
    connection.set_session("repeatable read", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute(SIZE)
    return closing(connection)


def receive(database, messages):
    for collection, rows in messages.items():
        database.load(collection, rows)


def small_database(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create schema sessions; create schema reporting; create schema refresh; create schema aliasing;
            create schema partitioning;
            create table partitioning.partitions as select '2026-01' as month; create table partitioning.app_tracks as select 'a' as id;
            create view reporting.months as select month from partitioning.partitions;
            create table sessions.attribution as select 'a' as alias_id;
            comment on table sessions.attribution is 'One row per person''s sign-up';
            comment on column sessions.attribution.alias_id is 'who';
            create table aliasing.aliases as select 'a' as alias_id;
            create view reporting.persons as select * from aliasing.aliases; comment on view reporting.persons is 'One row per person';
            create view reporting.signed_up as select alias_id from sessions.attribution;
            create view reporting.a_user as select count(*) as n from reporting.signed_up;
            create table refresh.refresh_runs as select 'success' as status; create table refresh.refresh_log as select 1 as batch_id;
            create table refresh.models as select 1 as batch_id;
            create view refresh.refresh_health as select status, current_timestamp as now from refresh.refresh_runs""")


def test_the_published_file(tmp_path, monkeypatch):
    work = tmp_path / "a.duckdb"
    small_database(work)
    published = published_file(work)
    assert published == tmp_path / "a.published.duckdb"
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(tmp_path / "for_all.duckdb"))
    assert published_file(work) == tmp_path / "for_all.duckdb"
    monkeypatch.setenv(PUBLISHED_VARIABLE, "off")
    assert published_file(work) is None
    monkeypatch.delenv(PUBLISHED_VARIABLE)

    for left in ("spare", "spare.wal", "before"):
        (tmp_path / f"a.published.duckdb.{left}").write_text("by a refresh that was killed")
    for _ in range(3):
        publish(work, published)
    assert {path.name for path in tmp_path.iterdir()} == {"a.duckdb", "a.published.duckdb", "a.published.duckdb.spare"}
    assert not published.stat().st_mode & 0o222
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute("select schema_name || '.' || table_name, comment from duckdb_tables() order by 1").fetchall()
        assert found == [("partitioning.partitions", None), ("refresh.refresh_log", None), ("refresh.refresh_runs", None), ("reporting.persons", "One row per person"),
                         ("sessions.attribution", "One row per person's sign-up")]
        assert connection.execute("select view_name from duckdb_views() where not internal order by 1").fetchall() == [
            ("a_user",), ("months",), ("refresh_health",), ("signed_up",)]
        assert connection.execute("select n from reporting.a_user").fetchall() == [(1,)]
        assert connection.execute("select comment from duckdb_columns() where comment is not null").fetchall() == [("who",)]
        assert connection.execute("select status from refresh.refresh_health").fetchall() == [("success",)]
        assert connection.execute("select * from reporting.persons").fetchall() == [("a",)]
    # scripts read, while a refresh has the work file
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(work))
    with held_by_another(work):
        with stored_tables("duckdb", "test", published=True) as tables:
            assert tables.rows("select alias_id from {sessions}.attribution") == [{"alias_id": "a"}]
        with pytest.raises(RefreshError, match="in use by process"), stored_tables("duckdb", "test"):
            pass

    # if it cannot be written, the old file stays, and one sentence says so
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(tmp_path / "nowhere" / "a.duckdb"))
    run = SimpleNamespace(logged=lambda: None, is_erasure_unfinished=False, target=SimpleNamespace(
        file=work, schema=str, connected=lambda: duckdb.connect(str(work)), memory="1GB"))
    with pytest.raises(RefreshError, match="a.duckdb cannot be written .*: free some space, or correct SIGNUP_ATTRIBUTION_PUBLISHED") as caught:
        Run.publish(run)
    assert caught.value.exit_code == 1
    assert [one.text for one in file_findings(work) if not one.is_fine] == [
        f"The folder {tmp_path / 'nowhere'} does not exist: create it, or correct SIGNUP_ATTRIBUTION_PUBLISHED."]
    # dbt makes its own folder
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "nowhere"))
    assert all(one.is_fine for one in file_findings(work))


STATES = {  # after the file was published: SQL on the work database -> whether the rows of other persons are looked at again
    "": False,
    "update refresh.models set rebuilt_at = timestamp '2026-03-01' where model = 'attribution'": True,
    "update refresh.models set rebuilt_at = timestamp '2026-03-01' where model = 'changed_persons'": True,
    "update refresh.models set batch_id = 5 where model = 'changed_persons'": True,
    "update refresh.batches set started_at = started_at + interval '1 year'": True,
    "update refresh.models set batch_id = 1; delete from refresh.batches where batch_id > 1": True,
    "alter table sessions.attribution add column more text": True,
}


def first_refreshes(path):
    """A work database after two batches, the second of which concerned the person a."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create schema sessions; create schema refresh; create schema this_batch;
            create table sessions.attribution as select unnest(['a', 'b', 'c']) as alias_id, 1 as signups;
            create table sessions.all_sessions as
                select alias_id, session_start, 1 as pages
                from (select unnest(['a', 'b', 'c']) as alias_id),
                    (select unnest([timestamp '2026-01-01', timestamp '2026-02-01']) as session_start);
            create schema reporting;
            create table reporting.person_paths as
                select unnest(['a', 'b', 'c']) as alias_id, unnest([null, timestamp '2026-01-15', null]) as signup_timestamp, 1 as touches;
            create table this_batch.changed_persons as select 'a' as alias_id, timestamp '2026-01-01' as changed_since, 2 as batch_id;
            create table refresh.batches as select number as batch_id, timestamp '2026-01-01' + number * interval '1 day' as started_at
                from range(1, 9) as numbers(number);
            create table refresh.models as select unnest(['all_sessions', 'attribution', 'person_paths', 'changed_persons']) as model, 2 as batch_id,
                timestamp '2026-01-02' as rebuilt_at""")


@pytest.mark.parametrize("change, is_copied", STATES.items())
def test_what_changed_is_published(tmp_path, change, is_copied):
    work, published = tmp_path / "a.duckdb", tmp_path / "a.published.duckdb"
    first_refreshes(work)
    publish(work, published)
    with duckdb.connect(str(work)) as connection:
        connection.execute("""
            update refresh.models set batch_id = 3;
            insert into this_batch.changed_persons select unnest(['b', 'c', 'd']), timestamp '2026-02-01', 3;
            -- no refresh does that to the rows of a person who is not affected, or before the time from which one is
            update sessions.attribution set signups = 2; update sessions.all_sessions set pages = 2;
            update reporting.person_paths set touches = 2;
            delete from sessions.attribution where alias_id = 'c'; insert into sessions.attribution values ('d', 1)""")
        connection.execute(change or "select 1")
    publish(work, published)
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute("select alias_id, signups from sessions.attribution order by 1").fetchall()
        months = connection.execute("select alias_id, month(session_start), pages from sessions.all_sessions order by all").fetchall()
        paths = connection.execute("select alias_id, touches from reporting.person_paths order by 1").fetchall()
    assert found == [("a", 2 if is_copied else 1), ("b", 2), ("d", 1)]
    unaffected = 2 if is_copied and "attribution" not in change else 1  # each table by itself
    assert paths == [("a", unaffected), ("b", unaffected), ("c", 2)]  # who signed up before has the same path
    assert months == [("a", 1, unaffected), ("a", 2, unaffected), ("b", 1, unaffected), ("b", 2, 2), ("c", 1, unaffected), ("c", 2, 2)]


def test_two_published_files_take_turns(tmp_path):
    work, published = tmp_path / "a.duckdb", tmp_path / "a.published.duckdb"
    spare = tmp_path / "a.published.duckdb.spare"
    first_refreshes(work)
    numbers = {"a": 1, "b": 1, "c": 1}

    def refreshed(batch, person):
        """The file after a refresh that gave a person the number of its batch."""
        with duckdb.connect(str(work)) as connection:
            connection.execute(
                f"update refresh.models set batch_id = {batch};"
                f"delete from this_batch.changed_persons where batch_id < {batch - 1};"
                f"insert into this_batch.changed_persons values ('{person}', timestamp '2026-02-01', {batch});"
                f"update sessions.attribution set signups = {batch} where alias_id = '{person}'")
        numbers[person] = batch
        publish(work, published)
        with duckdb.connect(str(published), read_only=True) as connection:
            assert dict(connection.execute("select alias_id, signups from sessions.attribution").fetchall()) == numbers
        return published.stat().st_ino

    publish(work, published)
    one, other = published.stat().st_ino, refreshed(3, "a")
    assert one != other and spare.stat().st_ino == one
    assert refreshed(4, "b") == one  # what batches 3 and 4 changed
    with held_by_another(spare, read_only=True):
        third = refreshed(5, "c")
        assert third not in (one, other) and spare.stat().st_ino == one
    with spare.open():  # so that no other file gets its number
        assert refreshed(8, "a") not in (one, third)  # what batch 5 changed is no longer known


def test_tables_whose_rows_change_by_person():
    models = {path.stem: path.read_text() for folder in SCHEMAS for path in (ROOT / "models" / folder).glob("*.sql")}
    assert CHANGED_BY_PERSON == {
        name: next(iter(re.findall(r"'since': '(\w+)'", sql)), None)
        for name, sql in models.items() if "replace_persons" in sql or name in ("all_sessions", "attribution")}


def test_readers_of_duckdb(tmp_path):
    database = DuckDB(tmp_path)
    published = published_file(database.path)
    with closing(Forks(database, tmp_path, apart(tmp_path))) as forks:
        arriving = loads()
        receive(database, next(arriving))
        succeed(forks)

        def opened():
            # A process that opens a file twice by its name gets what it has open already.
            connection = duckdb.connect()
            connection.execute(f"attach '{published}' as published (read_only); use published")
            return connection

        def read():
            with opened() as connection:
                return torn_in(connection)

        with Readers(read) as readers, opened() as before:
            size = before.execute(SIZE).fetchone()
            # as if the model had gained a column since
            database.execute("alter table sessions.all_sessions drop column click_id")
            for number in range(REFRESHES):
                receive(database, next(arriving))
                succeed(forks, *(["--full-refresh"] if number == REFRESHES - 1 else []))
                assert_published(database, published)
            assert before.execute(SIZE).fetchone() == size
        readers.assert_content(REFRESHES)
        assert database.query("select click_id from sessions.all_sessions where click_id = 'x'")


def assert_published(database, published):
    """The file has the rows of the work database."""
    with duckdb.connect(str(database.path)) as connection:
        connection.execute(f"attach '{published}' as published (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where (list_contains(?, schema_name) or list_contains(?, table_name)) "
            "and database_name != 'published'", [SCHEMAS, GROWING]).fetchall()
        assert len(tables) >= 2
        for (table,) in tables:
            for one, other in (("", "published."), ("published.", "")):
                missing = connection.execute(f"select * from {one}{table} except all select * from {other}{table}").fetchall()
                assert not missing, (table, one, missing[:3])
