"""Which failures are retried and for how long, without a database."""

import math
import os
import signal
import sys
import time

import pytest
from tenacity import wait_none

from common.errors import RefreshError
from common.plan import read_duration
from database.errors import is_transient
from refreshing import retry as refresh_retry
from refreshing.answer import Interrupt
from refreshing.retry import FIRST_CONTACT_SECONDS, Budget, keep_trying


@pytest.mark.parametrize("text, cause", [
    ("Verbindung durch Administrator beendet", "psycopg2.errors.AdminShutdown: Verbindung durch Administrator beendet"),
    ("canceling statement due to lock timeout", "psycopg2.errors.LockNotAvailable: canceling statement due to lock timeout"),
    ("deadlock detected", "psycopg2.errors.DeadlockDetected: deadlock detected"),
    ("could not serialize access", "psycopg2.errors.SerializationFailure: could not serialize access"),
    ("canceling statement due to statement timeout", "psycopg2.errors.QueryCanceled: canceling"),
    ("server closed the connection unexpectedly", "psycopg2.OperationalError: server closed the connection unexpectedly"),
    ("FATAL:  the database system is starting up", ""),
    ('connection to server at "db" (10.0.0.1), port 5432 failed: Connection refused', ""),
    ('IO Error: Could not set lock on file "/data/a.duckdb": Conflicting lock is held in python (PID 12).', ""),
    ("org.apache.iceberg.exceptions.CommitFailedException: Version 7 already exists", ""),
])
def test_transient(text, cause):
    assert is_transient(text, cause)


@pytest.mark.parametrize("text, cause", [
    ('relation "x" does not exist', "psycopg2.errors.UndefinedTable: relation"),
    ("value 'deadlock detected' is too long", "psycopg2.errors.StringDataRightTruncation: value"),
    ("canceling statement due to user request", "psycopg2.errors.QueryCanceled: canceling statement due to user request"),
    ("duplicate key", "psycopg2.errors.UniqueViolation: duplicate key"),
    ('connection to server at "db", port 5432 failed: FATAL:  password authentication failed for user "x"', ""),
    ('connection to server at "db", port 5432 failed: fe_sendauth: no password supplied', ""),
    ('Catalog Error: Table with name x does not exist', ""),
    ("session_gap_minutes must be a number above 0", ""),
])
def test_permanent(text, cause):
    assert not is_transient(text, cause)


class Clock:
    """A time that passes only when one waits."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(refresh_retry.time, "monotonic", lambda: self.now)

    def passing(self, errors, seconds):
        """A function that fails with one error after another, each time so many seconds later, and then succeeds."""
        left = list(errors)

        def attempt():
            self.now += seconds
            if left:
                raise left.pop(0)
            return "done"
        return attempt


def lock_timeout(*models):
    return RefreshError("lock timeout", is_transient=True, failed={model: "lock timeout" for model in models})


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(refresh_retry, "wait_random_exponential", lambda **_: wait_none())
    monkeypatch.setattr(refresh_retry, "FIRST_WAIT_SECONDS", 0)
    return Clock(monkeypatch)


def test_a_model_has_its_budget_for_itself(clock):
    budget, said = Budget(100), []
    budget.in_touch = True
    # a fails for 80 seconds, then b for 80 seconds: neither for too long
    errors = [lock_timeout("a")] * 3 + [lock_timeout("b")] * 3
    assert keep_trying(clock.passing(errors, 40), budget, lambda error, seconds: said.append(error)) == "done"
    assert said == errors


def test_the_budget_is_spent(clock):
    budget = Budget(100)
    budget.in_touch = True
    with pytest.raises(RefreshError, match="lock timeout"):
        keep_trying(clock.passing([lock_timeout("a")] * 9, 30), budget, lambda *_: None)
    assert clock.now == 30 * 5  # four waits of 30 seconds are more than 100


def test_permanent_errors_fail_at_once(clock):
    with pytest.raises(RefreshError):
        keep_trying(clock.passing([RefreshError("wrong")] * 2, 1), Budget(100), lambda *_: None)
    assert clock.now == 1


def test_a_server_that_never_answered_is_not_waited_for(clock):
    refused = RefreshError("connection to server failed: Connection refused", is_transient=True)
    with pytest.raises(RefreshError):
        keep_trying(clock.passing([refused] * 99, 10), Budget(7200), lambda *_: None)
    assert FIRST_CONTACT_SECONDS <= clock.now <= FIRST_CONTACT_SECONDS + 10
    starting = RefreshError("FATAL:  the database system is starting up", is_transient=True)
    assert keep_trying(clock.passing([starting] * 9, 10), Budget(7200), lambda *_: None) == "done"


def test_the_last_pause_ends_with_the_budget(monkeypatch):
    clock, pauses = Clock(monkeypatch), []

    def sleep(seconds):
        pauses.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(refresh_retry.time, "sleep", sleep)
    monkeypatch.setattr(refresh_retry, "wait_random_exponential", lambda **_: lambda state: 0.2 if len(pauses) < 2 else 20)
    refused = RefreshError("connection to server failed: Connection refused", is_transient=True)
    with pytest.raises(RefreshError):
        keep_trying(clock.passing([refused] * 99, 0.25), Budget(7200), lambda *_: None)
    assert pauses == [1, 1, 20, 7.25] and clock.now == FIRST_CONTACT_SECONDS + 0.5


@pytest.mark.parametrize("text, seconds", [("0s", 0), ("90s", 90), ("15m", 900), ("2h", 7200), ("1D", 86400), ("forever", math.inf)])
def test_durations(text, seconds):
    assert read_duration(text, "--wait") == seconds


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1.5h", "2 hours", "1h30m"])
def test_texts_that_are_no_duration(text):
    with pytest.raises(RefreshError, match="--wait must be a duration"):
        read_duration(text, "--wait")


def test_a_request_to_stop_that_was_lost(monkeypatch):
    """Python ignores what a __del__ raises, and Ctrl-C may arrive there."""
    class Closing:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    monkeypatch.setattr(sys, "unraisablehook", Interrupt().again)
    connection = Closing()
    with pytest.raises(KeyboardInterrupt):
        del connection
        time.sleep(5)
