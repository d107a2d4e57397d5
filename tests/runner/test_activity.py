"""The query monitor, on connections that really run, wait and block each other."""

import json
import os
import pty
import secrets
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager

import psycopg2
import pytest

import activity
from conftest import NO_SERVER
from database.server_activity import masked
from installed import assert_refused
from project import ROOT

SOON = 10  # seconds within which what was begun must be seen


class Client:
    """A connection of its own that runs one statement in a thread; `error` is how that ended."""

    def __init__(self, application, statement="", before="", **login):
        self.connection = psycopg2.connect(application_name=application, **login)
        self.pid, self.error = self.connection.get_backend_pid(), None
        if before:
            self.connection.cursor().execute(before)
        self.thread = threading.Thread(target=self.run, args=(statement,))
        if statement:
            self.thread.start()

    def run(self, statement):
        try:
            self.connection.cursor().execute(statement)
        except psycopg2.Error as error:
            self.error = error

    def close(self, administrator):
        """End it, even while it waits; `administrator` is a cursor that may."""
        administrator.execute("select pg_terminate_backend(%s)", (self.pid,))
        if self.thread.ident:
            self.thread.join(SOON)
        self.connection.close()


@contextmanager
def clients(*made):
    """Connections that are gone afterwards; each argument is those of one Client."""
    opened = []
    with closing(psycopg2.connect()) as connection, connection.cursor() as administrator:
        try:
            for arguments in made:
                opened.append(Client(**arguments))
            yield opened
        finally:
            for one in reversed(opened):
                one.close(administrator)


@pytest.fixture(scope="module")
def word():
    """A word that no other test's connections have in their names, and a table of that name."""
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    name = f"t{secrets.token_hex(6)}"
    with closing(psycopg2.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"create table {name} (i int); create role {name} login password '{name}'")
        yield name
        cursor.execute(f"drop table {name}; drop role {name}")


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command line."""
    code = activity.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def seen(capsys, word, count) -> list[dict]:
    """The connections with the word in their name, as soon as there are that many and each waits for what it has to."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        code, out, _ = run(capsys, "list", "--json")
        found = [one for one in json.loads(out) if word in (one["application"] or "")]
        if code == 0 and len(found) == count and all(one["state"] != "active" or one["wait"] for one in found):
            return found
    pytest.fail(f"not seen: {count} connections with {word}")


def test_who_waits_for_whom_and_an_end_to_it(word, capsys, monkeypatch):
    refresh = f"signup_attribution refresh 7 {word}"
    comment = '/* {"app": "dbt", "node_id": "model.touches"} */'
    changes_password = f"select 'two' /* don't */, pg_sleep(60); alter role {word} password $$hush$$"
    with clients(
        {"application": f"{word} holder", "before": f"lock table {word}"},
        {"application": refresh, "statement": f"{comment}\nselect count(*)\n  from {word}"},
        {"application": f"{word} admin", "statement": changes_password},
        {"application": f"{word} idle"},
    ) as (holder, waiter, admin, idle):
        found = {one["pid"]: one for one in seen(capsys, word, 3)}
        assert set(found) == {holder.pid, waiter.pid, admin.pid}
        assert (found[holder.pid]["state"], found[waiter.pid]["wait"]) == ("idle in transaction", "Lock: relation")
        assert (found[waiter.pid]["application"], found[waiter.pid]["blocked_by"]) == (refresh, [holder.pid])

        monkeypatch.setenv("COLUMNS", "240")
        _, out, _ = run(capsys, "list")
        lines = [line for line in out.splitlines() if word in line]
        assert [int(line.split()[0]) for line in lines] == [holder.pid, waiter.pid, admin.pid]
        assert any(f"select count(*) from {word}" in line for line in lines) and "node_id" not in out
        assert all(len(line) <= 240 for line in lines) and "hush" not in out
        newest = json.loads(run(capsys, "list", "--newest", "--all", "--json")[1])
        shown = [one["pid"] for one in newest if word in one["application"]]
        assert [pid for pid in shown if pid != idle.pid] == [admin.pid, waiter.pid, holder.pid] and idle.pid in shown

        code, out, _ = run(capsys, "show", str(waiter.pid))
        assert code == 0 and f"{comment}\nselect count(*)\n  from {word}" in out
        assert "blocked by" in out and f"{word} holder" in out
        shown = json.loads(run(capsys, "show", str(holder.pid), "--json")[1])
        assert [one["pid"] for one in shown["blocks"]] == [waiter.pid] and not shown["blocked_by"]
        for arguments in (["show", str(admin.pid)], ["show", str(admin.pid), "--json"], ["list", "--json"]):
            assert "hush" not in run(capsys, *arguments)[1]

        for target in (str(waiter.pid), word):
            code, out, err = run(capsys, "kill", target)
            assert code == 2 and "add --yes" in err and str(waiter.pid) in out
        code, _, err = run(capsys, "kill", str(holder.pid), "--yes")
        assert code == 1 and "--force" in err  # it is in a transaction but runs no query
        code, out, _ = run(capsys, "kill", "7 " + word, "--yes", "--json")
        assert (code, [(one["pid"], one["outcome"]) for one in json.loads(out)]) == (0, [(waiter.pid, "ended")])
        waiter.thread.join(SOON)
        assert isinstance(waiter.error, psycopg2.errors.QueryCanceled) and not waiter.connection.closed

        code, out, _ = run(capsys, "kill", word, "--force", "--yes")
        assert code == 0 and f"The connection of {holder.pid} has ended." in out
        admin.thread.join(SOON)
        assert isinstance(admin.error, psycopg2.OperationalError) and admin.connection.closed
        assert run(capsys, "show", str(holder.pid))[0] == run(capsys, "kill", word, "--yes")[0] == 1
        left = json.loads(run(capsys, "list", "--all", "--json")[1])
        assert [one["pid"] for one in left if word in one["application"]] == [idle.pid]


def test_others_connections(word, capsys, monkeypatch):
    """A user without rights sees that others are there, ends their own, and is told not to end others'."""
    login = {"user": word, "password": word}
    with clients(
        {"application": f"{word} root", "statement": "select pg_sleep(60)"},
        {"application": f"{word} own", "statement": "select pg_sleep(60)", **login},
    ) as (root, own):
        seen(capsys, word, 2)
        monkeypatch.setenv("PGUSER", word)
        monkeypatch.setenv("PGPASSWORD", word)
        code, out, err = run(capsys, "list")
        assert code == 0 and f"{word} own" in out and f"{word} root" not in out and "pg_read_all_stats" in err
        for force in ([], ["--force"]):
            code, _, err = run(capsys, "kill", str(root.pid), "--yes", *force)
            assert code == 1 and len(err.splitlines()) == 1 and "may not" in err and "pg_signal_backend" in err
        assert run(capsys, "kill", f"{word} own", "--yes")[0] == 0
        own.thread.join(SOON)
        assert isinstance(own.error, psycopg2.errors.QueryCanceled) and root.error is None


def answered(arguments, answer: str) -> tuple[int, str]:
    """Exit code and output of the command line on a terminal where somebody answers."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/activity.py"), *arguments], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, answer.encode())
    output = b""
    while True:
        try:
            output += os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
    os.close(ours)
    return process.wait(SOON * 6), output.decode()


def test_asks(word, capsys):
    with clients({"application": f"{word} asked", "statement": "select pg_sleep(60)"}) as (asked,):
        seen(capsys, word, 1)
        code, output = answered(["kill", f"{word} asked"], "n\n")
        assert code == 1 and "Cancel this query? [y/N]" in output and "nothing" in output and asked.error is None
        code, output = answered(["kill", str(asked.pid)], "y\n")
        assert code == 0 and f"The query of {asked.pid} has ended." in output


@pytest.mark.parametrize("arguments, exit_code, words", [
    (["show", "1"], 1, "no connection 1"), (["kill", "1", "--yes"], 1, "no connection 1"),
    (["kill", "no such word", "--yes"], 1, "no such word"), (["kill", " ", "--yes"], 2, "empty"),
    (["show", "x"], 2, "PID"), (["list", "--oldest"], 2, "--oldest"), (["end"], 2, "end"), (["kill"], 2, "PID|WORD"),
])
def test_wrong_input(word, capsys, arguments, exit_code, words):
    code, out, err = run(capsys, *arguments)
    assert_refused(subprocess.CompletedProcess([], code, out, err), words, exit_code=exit_code)


@pytest.mark.parametrize("changed", [
    {"PGPORT": "1"}, {"PGPASSWORD": "hush"}, {"PGDATABASE": "postgresql://me:hush@nowhere/x"}], ids=str)
def test_not_reached(word, capsys, monkeypatch, changed):
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    code, out, err = run(capsys, "list")
    refusal = "PostgreSQL cannot be reached" if "PGPORT" in changed else "PostgreSQL refuses the connection"
    assert_refused(subprocess.CompletedProcess([], code, out, err), refusal)
    assert "hush" not in err


@pytest.mark.parametrize("query, shown", [
    ("select 1 from passengers where x = 'a'", None), ("select * from t where a = $$b$$", None), ("", None),
    ("alter role x password 'hush'", "alter role x password"),
    ("ALTER ROLE x PASSWORD $a$hush$a$", "ALTER ROLE x PASSWORD"),
    ("select 'hush' as secret", "select"), ("/* don't */ alter role x password 'hush'", "/* don"),
    ("create user mapping for x server y options (password E'hu\\'hush')",
     "create user mapping for x server y options (password"),
    ("select dblink('host=a password=hush')", "select dblink("),
    ("copy t from 's3://a' credentials 'hush'", "copy t from"),
    ("-- postgres://me:hush@host\nselect 1", "-- postgres://"),
    ("select pgp_sym_encrypt(a, 'hush')", "select pgp_sym_encrypt"),
])
def test_secrets_in_queries(query, shown):
    text = masked(query)
    assert text == query if shown is None else text.startswith(f"{shown} ***") and "hush" not in text
