"""One refresh of a database at a time.

PostgreSQL: a table lock, held by an open transaction on a connection of its own. DuckDB: a lock on a file beside the database.
Both belong to the process that holds them: however it dies, the server or the operating system releases them. The table lock is
on a view of the schema `refresh`, because only roles with write access there can take it (anybody can take an advisory lock), and
because VACUUM ignores views and so never waits for a refresh. Spark has no locks: lease.py.

https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
"""

import json
import os
import socket
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import psycopg2.errors

from common.errors import LOCKED_OUT, RefreshError
from common.project import ROOT, read_queries
from database.lease import Lease
from database.target import LOCK_APPLICATION, Target, rows

POLL_SECONDS = 1.0
# The connection that holds the lock is meant to be idle for hours, and the server should soon notice when it is gone.
SESSION = {"idle_in_transaction_session_timeout": "0", "transaction_timeout": "0", "idle_session_timeout": "0",
           "tcp_keepalives_idle": "60", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
MADE_MEANWHILE = tuple(map(psycopg2.errors.lookup, ("42P06", "42P07", "23505")))
# A refresh takes the first mode of REFRESH; the others conflict with it. Models take that of MODELS, which several can hold.
REFRESH = ("ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
MODELS = ("RowExclusiveLock",)
queries = read_queries(Path(__file__).with_suffix(".sql"))


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


class ServerLock:
    """The lock on PostgreSQL. `connection` holds it, in a transaction that stays open, or is None."""

    def __init__(self, target: Target):
        self.target, self.connection = target, None
        self.schema = target.schema("refresh")  # developers' schemas in one database have locks of their own

    def acquire(self) -> bool:
        """Take the lock if it is free. Raises RefreshError when the server cannot be reached."""
        self.connection = self.connection or self.target.connect()
        self.make_view()
        rows(self.connection, "begin")
        try:
            rows(self.connection, queries.take.format(schema=self.schema))
        except RefreshError as error:
            rows(self.connection, "rollback")
            if isinstance(error.__cause__, psycopg2.errors.LockNotAvailable):
                return False
            raise
        settings = {**SESSION, "application_name": f"{LOCK_APPLICATION} since {now()}"}
        for name, value in settings.items():
            rows(self.connection, queries.set, [value, name])
        self.end_orphans()
        return True

    def make_view(self):
        """Create the view to be locked, before the first refresh, unless another process does so at the same moment."""
        lacks_view = rows(self.connection, queries.lacks_view, [self.schema])
        if lacks_view == [(False,)]:
            return
        create_schema = "" if lacks_view else f'create schema "{self.schema}";'
        try:
            rows(self.connection, queries.make_view.format(schema=self.schema, create_schema=create_schema))
        except RefreshError as error:
            rows(self.connection, "rollback")
            if not isinstance(error.__cause__, MADE_MEANWHILE):
                raise

    def end_orphans(self):
        """End what a dead holder left running: the server notices that a client is gone only when its statement has ended.

        Transactions of models hold the lock in a mode of their own. If they do while nobody holds it as a refresh, their runner is dead.
        """
        while left := rows(self.connection, queries.holders, [self.schema, list(MODELS)]):
            for pid, *_ in left:
                rows(self.connection, "select pg_terminate_backend(%s)", [pid])
            time.sleep(POLL_SECONDS / 10)

    def holder(self) -> str:
        """Who holds it, in words."""
        for pid, user, application, address in rows(self.connection, queries.holders, [self.schema, list(REFRESH)]):
            who = f"{user} from {address or 'the same machine'} (server process {pid}"
            if (application or "").startswith(LOCK_APPLICATION):
                return f"{who}){application.removeprefix(LOCK_APPLICATION)}"
            return f"{who}, whose application name is {application or 'empty'}, not that of a refresh)"
        return "a process that has just ended"

    def is_held(self) -> bool:
        """Whether the connection, and with it the lock, is still alive."""
        try:
            return bool(self.connection) and rows(self.connection, "select 1") == [(1,)]
        except RefreshError:
            return False

    def release(self):
        """Free the lock."""
        if self.connection:
            self.connection.close()
            self.connection = None


class FileLock:
    """The lock on DuckDB: a file beside the database that says who holds it. Afterwards it stays there, empty."""

    def __init__(self, target: Target):
        import fasteners

        self.path = target.file.with_name(target.file.name + ".lock")
        self.lock = fasteners.InterProcessLock(str(self.path))

    def acquire(self) -> bool:
        """Take the lock if it is free. Raises RefreshError when the file cannot be written."""
        folder = self.path.parent
        if folder == ROOT / "target":
            folder.mkdir(exist_ok=True)
        database = self.path.with_suffix("")
        if not folder.is_dir():
            raise RefreshError(f"{database} cannot be opened: create its folder, or correct SIGNUP_ATTRIBUTION_DUCKDB.")
        try:
            taken = self.lock.acquire(blocking=False)
        except OSError as error:
            raise RefreshError(f"{database} cannot be opened, because its lock {self.path} cannot be written ({error.strerror}): "
                               "correct the permissions.") from error
        if taken:
            self.write({"pid": os.getpid(), "host": socket.gethostname(), "since": now()})
        return taken

    def write(self, holder: dict):
        """Write down who holds the lock, through the handle that holds it: closing another handle would release it."""
        self.lock.lockfile.truncate(0)
        self.lock.lockfile.write(json.dumps(holder) if holder else "")
        self.lock.lockfile.flush()

    def holder(self) -> str:
        """Who holds it, in words."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return f"process {found['pid']} on {found['host']} since {found['since']}"
        except (OSError, ValueError, KeyError):
            return "a process that has just started"

    def is_held(self) -> bool:
        return self.lock.acquired

    def release(self):
        """Free the lock."""
        if self.lock.acquired:
            self.write({})
            self.lock.release()


def make_lock(target: Target):
    """The lock of the target's database."""
    if target.engine == "postgres":
        return ServerLock(target)
    if target.engine == "spark":
        return Lease(target)
    if target.file:
        return FileLock(target)
    # Only this process can see a database in memory.
    return SimpleNamespace(acquire=lambda: True, is_held=lambda: True, release=lambda: None)


def acquire(lock, wait: float | None, say=lambda text: None):
    """Take the lock. wait: seconds to wait at most. Raises RefreshError (exit code LOCKED_OUT) when it is taken.

    say: called once with who holds it, if it has to wait.
    """
    deadline = time.monotonic() + (wait or 0)
    told = False
    while not lock.acquire():
        if time.monotonic() >= deadline:
            advice = "run again when it has finished, or use --wait" if not wait else "run again when it has finished"
            raise RefreshError(f"Another refresh is running, by {lock.holder()}: {advice}.", LOCKED_OUT)
        if not told:
            say(f"Waiting for the refresh by {lock.holder()}.")
            told = True
        time.sleep(min(POLL_SECONDS, max(0.01, deadline - time.monotonic())))


@contextmanager
def one_at_a_time(lock, wait: float | None = None, say=lambda text: None):
    """Hold the lock for a while. See acquire."""
    try:
        acquire(lock, wait, say)
        yield lock
    finally:
        lock.release()
