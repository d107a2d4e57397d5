"""Refreshes are killed or disturbed at random moments: readers see complete tables, the next refresh succeeds, and nothing is lost.

KILLS=200 disturbs that many (make chaos), half on each engine; SEED=... repeats the choices of an earlier run, though not
to the millisecond. A full disk is a limit on the size of files (RLIMIT_FSIZE) that begins in the middle of a refresh: writing fails.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg2
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from private_server import CannotStart, Server, find_programs
from database.published import published_file
from engines import DuckDB, Postgres
from forks import Forks, apart
from harness import PUBLISHED, Engine, all_differences, as_vars, describe, differences, project_rules
from oracle import Settings, erased, without
from restated import History
from test_readers import assert_published, torn_in

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
SITE = Settings(own_domains=("example.com",))
COLLECTIONS = ("tracks", "pages", "identifies", "aliases")
VARIABLES = {**as_vars(SITE), "sources": {
    **{name: {"schema": "segment", "table": name} for name in COLLECTIONS},
    "identity_overrides": {"schema": "segment", "table": "identity_overrides", "optional": True}}}
# A few kills aim at the published tables, and all they are made of.
OPTIONS = ["--vars", json.dumps(VARIABLES), "--quiet", *(["--select", "+path:models/sessions", "--select", "rejected_events path:models/aliasing"] if KILLS < 100 else [])]
FIRST_SHARE = 0.5  # of the messages, loaded before the first refresh
RECOVERY_SECONDS = 60
CODES = {0, 1, 2, 130, 143, -signal.SIGKILL, -signal.SIGTERM}
MODELS = ("from pg_stat_activity where datname = current_database() and application_name like 'signup_attribution%' "
          "and application_name not like '% lock%'")


class Chaos:
    """A database, refreshes on it, and what is done to them. server: for PostgreSQL the private server."""

    def __init__(self, database, folder: Path, pieces, choice, server=None):
        self.database, self.pieces, self.choice, self.server = database, pieces, choice, server
        self.forks, self.engine = Forks(database, folder, apart(folder)), Engine(database, folder)
        (folder / "dbt.log").symlink_to(os.devnull)  # on a full disk it could not grow either
        self.loads, self.hits, self.misses = [], Counter(), Counter()
        self.overrides, self.erased = [], []
        self.seconds = 1.0  # that an undisturbed refresh takes
        self.seconds_to_erase = None

    def receive(self):
        self.loads.append(self.pieces.pop(0))
        self.engine.receive(self.loads[-1])

    def succeed(self, *options):
        """A refresh that has to succeed."""
        started = time.monotonic()
        ended = self.forks.refresh(*OPTIONS, *options)
        assert ended.code == 0 and not ended.stderr, (self.history(), ended)
        if not self.server:
            assert_published(self.database, published_file(self.database.path))
        self.seconds = time.monotonic() - started

    def disturb(self, kind):
        """A refresh that something happens to: a generator says what before it, in the middle, and after it."""
        self.receive()
        happening = kind(self)
        next(happening)
        self.forks.start(*OPTIONS, "--retry-for", "60s")
        moment = time.monotonic() + self.choice.uniform(0, 0.8) * self.seconds
        while time.monotonic() < moment and self.forks.is_running():
            time.sleep(0.01)
        was_running = self.forks.is_running()
        happened = next(happening) is not False and was_running
        ended = self.forks.wait()
        for _ in happening:
            pass
        if happened or ended.code != 0:
            self.hits[f"{kind.__name__}, exit code {ended.code}"] += 1
        else:
            self.misses[kind.__name__] += 1
        assert ended.code in CODES and "Traceback" not in ended.stderr, (self.history(), ended)
        self.assert_readable()

    def override(self):
        """Add an override about two more ids, and withdraw one in three of those made."""
        ids = sorted(row["id"] for row in self.database.query("select distinct id from aliasing.aliases"))
        said = [row for row in self.overrides if self.choice.randrange(3)]
        known = {one for row in said for one in (row["id_a"], row["id_b"])}
        one, other = self.choice.sample([each for each in ids if each not in known], 2)
        self.overrides = [*said, {"id_a": one, "id_b": other, "action": self.choice.choice(["link", "never_link"]), "note": "chaos"}]
        self.engine.override(self.overrides)

    def overrides_of_others(self):
        """The overrides that count: those about somebody who was erased do not."""
        rows = self.overrides
        for gone in self.erased:
            rows = gone.of_others(rows, project_rules())
        return rows

    def erase(self):
        """Erase somebody; all but the first erasure are killed. Then a refresh does what is left to do, and succeeds.

        Returns the erased ids.
        """
        # of an id that is a user's and a device's, the user
        persons = {row["id"]: row["alias_id"] for row in self.database.query("select id, alias_id from aliasing.aliases order by id, id_type")}
        gone = None
        while not gone or not gone.messages:  # an id may have only messages that an override gives to others
            ids = [self.choice.choice(list(persons))]
            gone = erased(self.loads, ids, SITE, project_rules(), self.overrides_of_others())
        done = self.erasures()
        started = time.monotonic()
        self.forks.request(erase=["--target", self.database.target, "--yes", *ids])
        if self.seconds_to_erase:
            time.sleep(self.choice.uniform(0, self.seconds_to_erase))
            self.signal(signal.SIGKILL)
        ended = self.forks.wait()
        assert ended.code in {0, -signal.SIGKILL} and not ended.stderr, (self.history(), ended)
        self.seconds_to_erase = self.seconds_to_erase or time.monotonic() - started
        self.succeed()
        is_erased = len(self.erasures()) > len(done)
        self.hits[f"{'erased' if is_erased else 'not erased'}, exit code {ended.code}"] += 1
        assert is_erased or ended.code
        assert all(row["finished_at"] for row in self.erasures()), self.history()
        if is_erased:
            self.loads, self.pieces = (without(loads, gone, SITE, project_rules()) for loads in (self.loads, self.pieces))
            self.erased.append(gone)
        return gone.ids | {persons[ids[0]]} if is_erased else set()

    def erasures(self) -> list[dict]:
        """The log of erasures."""
        with self.database.connected():
            return self.database.query("select * from refresh.erasures")

    def signal(self, number) -> bool:
        """Send a signal to the refresh; whether there was one."""
        if not self.forks.is_running():
            return False
        os.kill(self.forks.pid, number)
        return True

    def limit_files(self, pid, size: int) -> bool:
        """Let a process write no file beyond so many bytes, as the account it runs as; whether there was such a process."""
        account = self.server.account if self.server else {}
        return subprocess.run(["prlimit", "--pid", str(pid), f"--fsize={size}:"], stderr=subprocess.DEVNULL, **account).returncode == 0

    def assert_readable(self):
        """Readers find whole tables that agree."""
        with closing(self.reader()) as connection, closing(connection.cursor()) as cursor:
            torn, size = torn_in(cursor)
            assert not torn and min(size) > 0, (self.history(), torn, size)

    def reader(self):
        """A connection as readers have it."""
        if self.server:
            self.database.connect()  # the connection that loads messages may be lost too
            connection = connected(self.database.name)
            connection.set_session("repeatable read", readonly=True)
            return connection
        duckdb.connect(str(self.database.path)).close()
        return duckdb.connect(str(published_file(self.database.path)), read_only=True)

    def published(self):
        with self.database.connected():
            return {table: self.engine.published(table) for table in PUBLISHED}

    def history(self) -> str:
        return f"SEED={SEED} KILLS={KILLS}, hit: {dict(sorted(self.hits.items()))}, ended before: {dict(self.misses)}"


def killed(chaos):
    """The runner is gone without a word."""
    yield
    yield chaos.signal(signal.SIGKILL)


def terminated(chaos):
    yield
    yield chaos.signal(signal.SIGTERM)


def interrupted(chaos):
    yield
    yield chaos.signal(signal.SIGINT)


def disk_full(chaos):
    """Whatever writes the tables cannot write beyond some point of a file."""
    yield
    if chaos.server:
        size, pids = 0, []
        while chaos.forks.is_running() and not pids:
            pids = [row["pid"] for row in chaos.database.query(f"select pid {MODELS}")]
    else:
        size, pids = chaos.choice.randrange(20_000, 400_000), [chaos.forks.pid]
    limited = [pid for pid in pids if chaos.limit_files(pid, size)]
    yield bool(limited)


def source_missing(chaos):
    """A source is away for a while, as while its loader replaces it."""
    chaos.database.execute("alter table segment.pages rename to pages_away")
    yield
    if chaos.server:
        chaos.database.execute("alter table segment.pages_away rename to pages")
    yield
    if not chaos.server:  # where nobody else can write before the refresh has ended
        chaos.database.execute("alter table segment.pages_away rename to pages")


def file_in_use(chaos):
    """Somebody has the file open."""
    with closing(duckdb.connect(str(chaos.database.path))):
        yield
    yield


def source_locked(chaos):
    """Somebody else's transaction holds a source."""
    with closing(psycopg2.connect(dbname=chaos.database.name)) as connection, connection.cursor() as cursor:
        cursor.execute("lock table segment.pages")
        yield
    yield


def backend_ended(chaos):
    """An administrator ends a session of the refresh: that of a model, or the one that holds the lock."""
    yield
    sessions = chaos.database.query(
        "select pid from pg_stat_activity where datname = current_database() and application_name like 'signup_attribution%' order by pid")
    if sessions:
        chaos.database.execute(f"select pg_terminate_backend({chaos.choice.choice(sessions)['pid']})")
    yield bool(sessions)


def server_crashed(chaos):
    yield
    chaos.server.crash()
    yield


ON_DUCKDB = [killed, terminated, interrupted, disk_full, file_in_use, source_missing, killed]
ON_POSTGRES = [killed, server_crashed, backend_ended, disk_full, terminated, interrupted, source_locked, source_missing]


def connected(name: str):
    """A connection to a database, as soon as its server has recovered: one that cannot write its log stops and starts again."""
    return Retrying(retry=retry_if_exception_type(psycopg2.OperationalError), stop=stop_after_delay(RECOVERY_SECONDS),
                    wait=wait_fixed(0.1), reraise=True)(psycopg2.connect, dbname=name)


class Reconnecting(Postgres):
    """A database whose server may go away between two calls."""

    def connect(self):
        self.connection.close()
        self.connection = connected(self.name)
        self.connection.autocommit = True


def pieces_of(days, count: int) -> list[dict]:
    """The messages as a first load and `count` smaller ones, in the order in which they came."""
    rows = [(collection, row) for day in days for collection, own in day.items() for row in own]
    first = int(len(rows) * FIRST_SHARE)
    bounds = [0, *(first + (len(rows) - first) * number // count for number in range(count + 1))]
    loads = []
    for begin, end in zip(bounds, bounds[1:]):
        loads.append({})
        for collection, row in rows[begin:end]:
            loads[-1].setdefault(collection, []).append(row)
    return loads


@pytest.fixture
def server(monkeypatch):
    """A private server, which may be killed; what it reports as written is written."""
    try:
        find_programs()
    except CannotStart as error:
        pytest.skip(str(error))
    # Not in pytest's own folder, which the account that the server runs as may not enter.
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            server.start()
            be_reliable(server, monkeypatch)
            yield server
        finally:
            server.stop()


def be_reliable(server, monkeypatch):
    """Lead clients there; nothing that it has committed is lost when it is killed, and no client waits long for a lock."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with closing(psycopg2.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("alter system set synchronous_commit = on")
        cursor.execute("alter system set lock_timeout = '500ms'")
        cursor.execute("select pg_reload_conf()")


def rage(chaos, kinds, count):
    """This many disturbed refreshes, each followed by one that succeeds; afterwards everything is as if nothing had happened."""
    print(f"\nSEED={SEED} KILLS={KILLS}")
    chaos.receive()
    chaos.succeed()
    chaos.succeed()  # how long one takes when the tables exist
    history = History(chaos.engine)
    history.add()
    started, order = time.monotonic(), []
    for number in range(count):
        if number % 4 == 0:
            history.leave_out(chaos.erase())
            chaos.override()
        order = order or chaos.choice.sample(kinds, len(kinds))
        chaos.disturb(order.pop())
        chaos.succeed()
    print(f"{chaos.history()}, {time.monotonic() - started:.0f} seconds")
    found = all_differences(chaos.engine, chaos.loads, SITE, overrides=chaos.overrides_of_others())
    assert not found, f"{chaos.history()}\n{describe(found)}"
    history.add()
    before = chaos.published()
    chaos.succeed("--full-refresh")
    assert not history.add()
    rebuilt = chaos.published()
    found = [one for table in PUBLISHED for one in differences(table, rebuilt[table], before[table])]
    assert not found, f"{chaos.history()}\n{describe(found)}"
    assert sum(chaos.hits.values()) >= count // 2, chaos.history()


def test_on_duckdb(tmp_path, small_sample_days):
    count = KILLS // 2
    chaos = Chaos(DuckDB(tmp_path), tmp_path, pieces_of(small_sample_days, count), random.Random(SEED))
    with closing(chaos.forks):
        rage(chaos, ON_DUCKDB, count)


def test_on_postgres(server, tmp_path, small_sample_days):
    count = KILLS - KILLS // 2
    database = Reconnecting()
    chaos = Chaos(database, tmp_path, pieces_of(small_sample_days, count), random.Random(SEED), server)
    with closing(chaos.forks), closing(database):
        rage(chaos, ON_POSTGRES, count)
