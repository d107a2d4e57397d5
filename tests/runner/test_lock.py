"""One refresh at a time: the lock itself, held by other processes. (What a refresh makes of it: test_unattended.)"""

import os
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest

from common.errors import RefreshError
from conftest import NO_SERVER
from database import target
from database.lock import acquire, make_lock
from database.target import Target
from project import ROOT

HOLDER = """
import sys
sys.path[:0] = {folders!r}
from database.lock import make_lock
from test_lock import make_target
lock = make_lock(make_target(*sys.argv[1:]))
print(lock.acquire(), flush=True)
input()
lock.release()
"""


def make_target(engine, where) -> Target:
    """A target as far as the lock needs it. where: a DuckDB file, or the schema's prefix."""
    if engine == "duckdb":
        return Target("duckdb", {"type": "duckdb", "path": where, "schema": "main"})
    return ServerTarget("postgres", {"type": "postgres", "schema": where})


class ServerTarget(Target):
    def connect(self):
        connection = psycopg2.connect(application_name=target.LOCK_APPLICATION)
        connection.autocommit = True
        return connection


@pytest.fixture(params=["duckdb", "postgres"])
def where(request, tmp_path):
    """Arguments of make_target, for a database that nobody else uses."""
    if request.param == "duckdb":
        yield request.param, str(tmp_path / "a.duckdb")
    elif not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    else:
        yield request.param, f"dev_{tmp_path.name}"
        with ServerTarget("postgres").connect() as connection, connection.cursor() as cursor:
            for schema in (f"dev_{tmp_path.name}_refresh", "dev_other_refresh"):
                cursor.execute(f"drop schema if exists {schema} cascade")


@pytest.fixture
def hold(where):
    """A function that starts a process which holds the lock until it is told to end."""
    started = []

    def start():
        code = HOLDER.format(folders=[str(ROOT / name) for name in ("scripts", "tests", "tests/support", "tests/runner")])
        process = subprocess.Popen(
            [sys.executable, "-c", code, *where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "True\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_who_holds_the_lock_is_told_and_a_dead_holder_holds_nothing(where, hold):
    lock, said = make_lock(make_target(*where)), []
    holder = hold()
    with pytest.raises(RefreshError) as refused:
        acquire(lock, 0)
    who = f"process {holder.pid} on " if where[0] == "duckdb" else "server process "
    assert refused.value.exit_code == 3
    assert who in str(refused.value) and "since 20" in str(refused.value) and "--wait" in str(refused.value)
    with pytest.raises(RefreshError, match="since 20"):
        acquire(lock, 0.1, said.append)
    assert len(said) == 1 and who in said[0]

    holder.kill()
    acquire(lock, 10)
    assert lock.is_held()
    lock.release()
    assert not lock.is_held()

    holder = hold()
    holder.communicate("\n")
    acquire(lock, 0)
    lock.release()


def test_databases_have_locks_of_their_own(where, hold, tmp_path):
    hold()
    other = make_lock(make_target(where[0], str(tmp_path / "b.duckdb") if where[0] == "duckdb" else "dev_other"))
    acquire(other, 0)
    other.release()


def test_a_lock_that_got_lost_is_noticed(where):
    if where[0] != "postgres":
        pytest.skip("a file stays locked")
    lock = make_lock(make_target(*where))
    acquire(lock, 0)
    with ServerTarget("postgres").connect() as other:
        with other.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", [lock.connection.info.backend_pid])
    assert not lock.is_held()
    lock.release()
    acquire(lock, 0)
    lock.release()


def test_only_who_may_write_can_hold_it(where):
    if where[0] != "postgres":
        pytest.skip("files have permissions")
    lock, view = make_lock(make_target(*where)), f"{where[1]}_refresh.refresh_lock"
    with closing(ServerTarget("postgres").connect()) as other, other.cursor() as cursor:
        cursor.execute(f"create role {where[1]}; set role {where[1]}")
        try:
            cursor.execute(f"select pg_advisory_lock(hashtextextended('{where[1]}_refresh lock', 0))")
            acquire(lock, 0)
            lock.release()
            cursor.execute(f"reset role; grant usage on schema {where[1]}_refresh to {where[1]}; grant select on {view} to {where[1]}")
            cursor.execute(f"set role {where[1]}; begin; lock table {view} in access share mode")
            acquire(lock, 0)
            lock.release()
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"lock table {view} in row exclusive mode")
            # a holder that is not a refresh is named
            cursor.execute(f"rollback; reset role; set application_name = 'curious'; begin; lock table {view} in share mode")
            with pytest.raises(RefreshError, match="application name is curious, not that of a refresh"):
                acquire(lock, 0)
            lock.release()
        finally:
            cursor.execute(f"rollback; reset role; drop owned by {where[1]}; drop role {where[1]}")
