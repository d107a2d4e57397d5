"""What each role may do on a shared PostgreSQL, by trying it; and no password is left behind by a refresh."""

import os
import secrets
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg2
import pytest

from conftest import NO_SERVER
from engines import Postgres
from installed import STARTED, Installed, assert_refused, assert_succeeded, visits

NO_PERMISSION = "42501"  # also for what only an owner may do
OTHERS = ["partitioning", "aliasing", "sessions_stages", "refresh", "seeds"]


# Functions and operators that match what we call better than the server's own: each would run as the refresh role, and leave a trace.
HOSTILE_FUNCTIONS = {
    "array_position(text[], text)": "integer", "array_to_string(text[], text)": "text", "cardinality(text[])": "integer",
    "unnest(text[])": "setof text", "hashtextextended(text, integer)": "bigint", "lower(name)": "text", "upper(name)": "text",
    "upper(varchar)": "text", "split_part(text, text, bigint)": "text", "to_regclass(varchar)": "regclass", "quote_ident(name)": "text",
    "obj_description(oid, text)": "text", "pg_has_role(oid, varchar)": "boolean", "generate_series(integer, bigint)": "setof integer",
}
HOSTILE_OPERATORS = (
    ("||", "text", "boolean", "text"), ("/", "double precision", "integer", "double precision"), ("=", "name", "varchar", "boolean"),
    ("=", "information_schema.sql_identifier", "information_schema.sql_identifier", "boolean"), ("||", "text", "name", "text"),
)


def hostile() -> str:
    """SQL that makes them in public. A sequence keeps what a rolled-back transaction did."""
    body = ("language plpgsql security definer as $$ begin perform pg_catalog.nextval('public.trap'); "
            "raise exception 'hostile'; end $$")
    made = [f"create function public.{name} returns {returned} {body}" for name, returned in HOSTILE_FUNCTIONS.items()]
    for number, (name, left, right, returned) in enumerate(HOSTILE_OPERATORS):
        made += [f"create function public.operator_{number}({left}, {right}) returns {returned} {body}",
                 f"create operator public.{name} (leftarg = {left}, rightarg = {right}, function = public.operator_{number})"]
    return "; ".join(["create sequence public.trap", *made])


class Shared:
    """A database owned by an administrator without superuser rights, with the project on it and roles named after the database."""

    def __init__(self, folder):
        self.database = Postgres()
        self.site = Installed(self.database, folder)
        self.passwords = {self.role(name): secrets.token_hex(16) for name in ("admin", "refresh", "bi")}
        self.database.execute(f"create role {self.role('admin')} login createrole password '{self.password('admin')}'")
        self.database.execute(f"alter database {self.database.name} owner to {self.role('admin')}")
        self.database.execute("create schema shop; create table shop.orders as select 1 as amount")

    def role(self, name) -> str:
        return f"{self.database.name}_{name}"

    def password(self, name) -> str:
        return self.passwords[self.role(name)]

    def login(self, name) -> dict[str, str]:
        return {"PGUSER": self.role(name), "PGPASSWORD": self.password(name)}

    def receive(self, messages):
        """Messages into the sources, which belong to the administrator."""
        self.database.execute(f"set role {self.role('admin')}")
        self.site.receive(messages)
        self.database.execute("reset role")

    def grant(self, *options) -> subprocess.CompletedProcess:
        """Run scripts/grants.py as the administrator."""
        names = [part for name in ("owner", "refresh", "reader") for part in (f"--{name}", self.role(name))]
        return subprocess.run(
            [sys.executable, str(self.site.root / "scripts/grants.py"), *names, *options],
            env={**os.environ, **self.database.environment, **self.login("admin")}, text=True, capture_output=True)

    def refresh(self, *arguments, **environment) -> subprocess.CompletedProcess:
        return self.site.refresh(*arguments, login={**self.login("refresh"), **environment})

    def tool(self, script, *arguments) -> subprocess.CompletedProcess:
        """Run a script of the project as the refresh role."""
        target = [] if script == "activity.py" else ["--target", "postgres"]
        return subprocess.run(
            [sys.executable, str(self.site.root / "scripts" / script), *target, *arguments],
            env={**os.environ, **self.database.environment, **self.login("refresh")}, text=True, capture_output=True)

    @contextmanager
    def connected(self, name):
        """A cursor as one of the roles; every statement is its own transaction."""
        login = {"user": self.role(name), "password": self.password(name)}
        with closing(psycopg2.connect(dbname=self.database.name, **login)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            yield cursor

    def allowed(self, name, *statements) -> list:
        """What the last of the statements, run as the role, returns."""
        with self.connected(name) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def assert_forbidden(self, name, *statements):
        """Each of the statements is refused to the role for want of a permission, and for nothing else."""
        with self.connected(name) as cursor:
            for statement in statements:
                try:
                    cursor.execute(statement)
                except psycopg2.Error as error:
                    assert error.pgcode == NO_PERMISSION, f"{name}: {statement}: {error}"
                else:
                    pytest.fail(f"{name} may: {statement}")

    def relations(self, schema) -> list[str]:
        """schema.name of the tables, partitions and views of a schema."""
        return [row["name"] for row in self.database.query(
            f"select '{schema}.' || table_name as name from information_schema.tables where table_schema = '{schema}'")]

    def close(self):
        self.database.close()
        for name in ("bi", "reader", "refresh", "owner", "admin"):
            self.database.administer(f"drop role if exists {self.role(name)}")


@pytest.fixture
def shared(tmp_path):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    made = Shared(tmp_path)
    yield made
    made.close()


def assert_reads_only_what_is_published(shared, people: int):
    """The reader sees the published tables, all of them, and nothing else."""
    signups = people // 2
    assert shared.allowed("bi", "select count(*) from sessions.attribution") == [(signups,)]
    for table in shared.relations("sessions"):
        shared.allowed("bi", f"select * from {table} limit 1")
    hidden = [table for schema in OTHERS + ["segment", "shop"] for table in shared.relations(schema)]
    assert {"partitioning.app_tracks", "partitioning.app_tracks_2026_03", "aliasing.aliases", "sessions_stages.touches",
            "segment.tracks", "refresh.models"} <= set(hidden)
    shared.assert_forbidden("bi", *(f"select 1 from {table}" for table in hidden))


def assert_writes_nothing(shared):
    shared.assert_forbidden(
        "bi", "insert into sessions.attribution select * from sessions.attribution", "delete from sessions.attribution",
        "update sessions.attribution set blog_url = ''", "truncate sessions.attribution",
        "drop table sessions.attribution", "alter table sessions.attribution add column x int",
        "create table sessions.mine (i int)", "create view sessions.mine as select 1 as one",
        "create table public.mine (i int)", "create schema mine", "drop schema sessions cascade",
        "comment on table sessions.attribution is 'mine'", f"set role {shared.role('refresh')}",
        "copy sessions.attribution to program 'cat'",
    )


def assert_refresh_keeps_to_its_own(shared):
    """The refresh role reads the sources, and touches nothing that is not its own."""
    shared.assert_forbidden(
        "refresh", "insert into segment.tracks (id) values ('x')", "delete from segment.tracks",
        "truncate segment.tracks", "drop table segment.tracks", "alter table segment.tracks add column x int",
        "create table segment.mine (i int)",
        "create index on segment.tracks (id)", "select 1 from shop.orders", "create table shop.mine (i int)",
        "create table public.mine (i int)", "drop schema sessions cascade", "alter schema sessions rename to mine",
        "create role mine", f"grant {shared.role('owner')} to {shared.role('refresh')}",
        f"set role {shared.role('owner')}", f"set role {shared.role('admin')}",
        "copy (select 1) to program 'cat'", "alter system set work_mem = '1MB'",
    )


def files_with(folder, text: str) -> list[str]:
    """Files below the folder that hold the text."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_roles(shared, tmp_path):
    """A refresh as the refresh role, one with a new month and a new source, and a full one; each read as the reader."""
    shared.receive(visits(4))
    shared.database.execute(f"{hostile()}; set search_path to pg_catalog")
    # made before there were roles
    shared.database.execute(
        f"set role {shared.role('admin')}; create schema sessions; create view sessions.earlier as select 1 as one; "
        "create schema refresh; create function refresh.url_decode(value text) returns text language sql return 'x'; "
        "reset role")
    for _ in range(2):  # the second time nothing is new
        assert_succeeded(shared.grant())
    shared.database.execute(
        f"alter role {shared.role('refresh')} password '{shared.password('refresh')}'; "
        f"create role {shared.role('bi')} login password '{shared.password('bi')}' in role {shared.role('reader')}")

    outcomes = [shared.refresh()]
    assert_succeeded(outcomes[0])
    assert_reads_only_what_is_published(shared, people=4)
    assert_writes_nothing(shared)
    assert_refresh_keeps_to_its_own(shared)

    two_months = {"timestamp": STARTED + timedelta(days=61), "received_at": STARTED + timedelta(days=61)}
    later = {name: [{**row, **two_months} for row in rows] for name, rows in visits(2, first=4).items()}
    shared.receive({**later, "identifies": [{**later["tracks"][0], "id": "identify 1", "event": None}]})
    outcomes.append(shared.refresh())
    assert_succeeded(outcomes[-1])
    assert "partitioning.app_tracks_2026_05" in shared.relations("partitioning")
    assert_reads_only_what_is_published(shared, people=6)

    # the owner, who is a member of the refresh role, works on all of it
    shared.database.execute(f"grant {shared.role('owner')} to {shared.role('admin')}")
    as_owner = f"set role {shared.role('owner')}"
    assert shared.allowed("admin", as_owner, "select count(*) from partitioning.app_tracks_2026_05") == [(4,)]
    outcomes.append(shared.refresh("--full-refresh"))
    assert_succeeded(outcomes[-1])
    assert_reads_only_what_is_published(shared, people=6)
    assert_writes_nothing(shared)
    # the schema of reports was there before its first table
    shared.allowed("refresh", "create table reporting.report as select 1 as figure")
    assert shared.allowed("bi", "select * from reporting.report") == [(1,)]

    wrong = shared.password("refresh")[::-1]
    outcomes.append(shared.refresh(PGPASSWORD=wrong))
    assert_refused(outcomes[-1], "PostgreSQL refuses the connection", "password authentication failed", "correct PGPASSWORD")

    # what others made in public never ran, neither for refreshes nor for those who read the tables
    for tool in (["refresh.py", "--check"], ["health.py"], ["explain.py", "user 1"], ["activity.py", "list"]):
        outcome = shared.tool(*tool)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert shared.database.query("select is_called from public.trap") == [{"is_called": False}]
    assert shared.database.query(
        "select distinct proconfig from pg_proc where pronamespace = 'refresh'::regnamespace") == [{"proconfig": ["search_path=pg_catalog"]}]
    for password in (shared.password("refresh"), wrong):
        assert not files_with(tmp_path, password)
        assert not [outcome for outcome in outcomes if password in outcome.stdout + outcome.stderr]
    assert files_with(tmp_path, shared.database.name)  # so the log really was searched


def test_what_cannot_be_granted(shared):
    outcome = shared.grant("--sources", "segment, shop")
    assert_refused(outcome, "There is no schema segment", exit_code=1)
    assert not shared.database.query(f"select 1 from pg_roles where rolname = '{shared.role('owner')}'")

    outcome = shared.grant("--sources", "shop")
    assert_refused(outcome, "Nothing was granted, permission denied for schema shop", exit_code=1)
    assert shared.database.schemas() == ["shop"]
