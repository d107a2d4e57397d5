"""Erasing persons from the tables and files of the project.

A person is all their ids. An erasure takes every message of their users and of the anonymous ids that are theirs alone, and their
anonymous visits on anonymous ids that others have too. Nobody else's visits change their owner, so one transaction leaves all
tables as they would be without these messages: the person's rows go, and a few rows of shared ids and of counts are corrected.
Hashes of the messages stay, so that staging leaves them out when they are loaded again (macros/sources/erased.sql), and so do
those of overrides that name an erased id.

A DuckDB file keeps deleted rows in its free blocks, so it is rewritten, and the readers' file with it. Until then the erasure
has no finished_at in refresh.erasures, and the next refresh or erasure does it.
"""

import getpass
import os
import re
import secrets
import shutil
from collections import namedtuple
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import duckdb
from jinja2 import Environment

from common.errors import MODEL_FAILED, RefreshError
from common.project import ROOT, read_queries
from database.errors import first_line
from database.published import publish, published_file, quoted, remove, synchronize
from database.stored_tables import NOT_YET, OUTDATED
from database.target import FOLDERS, Stored, Target, log_file

SQL = Path(__file__).parent
UNFINISHED = "Nothing was erased, because a refresh has not finished: run scripts/refresh.py, then erase."
MONTH = re.compile(r"app_tracks_((before|from)_)?[0-9]{4}_[0-9]{2}(_detached)?")
queries = read_queries(Path(__file__).with_suffix(".sql"))
# Tables that count messages. Runs of a selection may leave them out, but not those by which persons are found.
COUNTED = ("event_names", "partitions")
NEEDED = {"app_tracks", "rejected_events", "aliases", "evidence_classes", "all_sessions", "attribution"}
# Columns of a table -> which of its rows are the person's.
OWN_ROWS = {
    ("message_type", "event_id"): "(message_type, event_id) in (select message_type, event_id from erased_messages where event_id is not null)",
    ("content_hash",): "content_hash in (select content_hash from erased_messages where content_hash is not null)",
    ("alias_id",): "alias_id in (select alias_id from erased_persons)",
    ("user_id",): "user_id in (select user_id from erased_users)",
    ("anonymous_id",): "anonymous_id in (select anonymous_id from erased_devices where not is_shared)",
    ("id", "id_type"): "(id, id_type) in (select id, id_type from erased_ids)",
}


# What an erasure takes away; shared_ids: anonymous ids that others have too, which stay; overrides: those that no longer count.
Counts = namedtuple("Counts", "persons ids shared_ids messages sessions signups overrides")


class Erasure(Stored):
    """Statements on the tables of a target, in one transaction that ends with the context, and is rolled back unless it is kept."""

    is_kept = False

    def __enter__(self):
        self.ask("begin")
        if self.target.engine == "postgres":
            self.ask(queries.become_erasure)
        return self

    def __exit__(self, *_):
        self.ask("commit" if self.is_kept else "rollback")

    def script(self, name: str):
        """Run one of the files of SQL."""
        self.ask((SQL / f"{name}.sql").read_text(encoding="utf-8"))

    def find(self, ids: list[str]) -> list[str]:
        """Find the persons with these ids; returns the ids that nobody has."""
        self.check()
        self.ask("create temporary table asked as select id from {aliasing}.aliases where false")
        self.ask("insert into asked select unnest(%s)", ids)
        self.script("find")
        known = {found for (found,) in self.ask(queries.known_ids)}
        return [one for one in ids if one not in known]

    def check(self):
        """Raises RefreshError unless there are tables, and a refresh has finished updating them."""
        if not self.has("refresh", "models"):
            raise RefreshError(NOT_YET)
        if not self.has("refresh", "erased_messages"):
            raise RefreshError(OUTDATED)
        if NEEDED - {table.rpartition(".")[2].strip('"') for table in self.tables()}:
            raise RefreshError("Nothing was erased, because some tables do not exist: run scripts/refresh.py without --select, then erase.")
        if self.ask(queries.late_models, self.target.schema("reporting")):
            raise RefreshError(UNFINISHED)

    def counts(self) -> Counts:
        return Counts(*self.ask(queries.counts)[0])

    def ids(self) -> list[tuple[str, str]]:
        """The ids that go, and their types."""
        return self.ask("select id, id_type from erased_ids order by id_type desc, id")

    def erase(self, counts: Counts):
        """Erase what was found, and log it."""
        parts, tables = self.parts, self.tables()
        self.remember()
        (policy,) = self.ask("select value from {refresh}.settings where name = 'identity_policy'")[0]
        parts["policy"] = policy.replace('"', "'")
        parts["messages"] = self.messages(tables)
        counted = [name for name in COUNTED if f"{parts['partitioning']}.\"{name}\"" in tables]
        for name in counted:
            self.script(f"{name}_before")
        self.script("restated")
        messages = [table for table in tables if {"message_type", "event_id"} <= tables[table]]
        for table in messages:
            self.delete_own_rows(table, tables[table], [("message_type", "event_id"), ("content_hash",)])
        self.script("identity")
        for table, columns in tables.items():
            # what the newest batch brought has been read, except whom it changed: models of reporting may be behind
            if table.startswith(parts["this_batch"]) and not table.endswith('"changed_persons"'):
                self.ask("delete from {table}", table=table)
            else:
                # an id that others have too may be named like the erased person
                is_of_ids = {"id", "id_type"} <= columns
                self.delete_own_rows(table, columns, [("id", "id_type")] if is_of_ids else OWN_ROWS)
        for name in counted:
            self.script(f"{name}_after")
        self.script("evidence")
        self.forget_errors(tables)
        self.ask(queries.recompute_paths)
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        self.ask(queries.log, account(), counts.persons, counts.ids, counts.messages, counts.sessions, counts.signups, now,
                 None if self.target.file else now)
        self.is_kept = True

    def tables(self) -> dict[str, set[str]]:
        """The stored tables of the project -> names of their columns."""
        schemas = [self.target.schema(folder) for folder in FOLDERS if folder != "seeds"]
        found = self.ask(queries.tables, *schemas, schemas=", ".join(["%s"] * len(schemas)))
        # a month is a part of app_tracks until it is detached
        return {f'"{schema}"."{name}"': set(columns.split()) for schema, name, columns in found
                if not MONTH.fullmatch(name) or name.endswith("_detached")}

    def messages(self, tables) -> str:
        """Query on the messages that are stored whole."""
        detached = [queries.detached_messages.format(**self.parts, table=table) for table in tables if MONTH.search(table)]
        return queries.messages.format(**self.parts, detached="".join(detached))

    def remember(self):
        """Keep salted hashes of the messages, and of the overrides that name an erased id."""
        salts = self.ask("select salt from {refresh}.erased_messages limit 1") or [(secrets.token_hex(16),)]
        # the keys of messages and overrides, and their hash, from the macros by which staging looks for them
        read_by = (ROOT / "macros/sources/erased.sql").read_text(encoding="utf-8")
        macros = Environment(extensions=["jinja2.ext.do"]).from_string(read_by).module
        hash_of = macros.postgres__hash_of if self.target.engine == "postgres" else macros.default__hash_of
        self.ask(queries.remember, salts[0][0], salts[0][0], hash=hash_of("%s || known_by"),
                 message_key=macros.message_key("content_hash"), override_key=macros.override_key())

    def delete_own_rows(self, table: str, columns: set[str], rules):
        conditions = [OWN_ROWS[needed] for needed in rules if {*needed} <= columns]
        if conditions:
            self.ask("delete from {table} where {own}", table=table, own=" or ".join(conditions))

    def forget_errors(self, tables):
        """Stored errors of failed refreshes may quote a value."""
        for table, columns in tables.items():
            if "error" in columns:
                self.ask(queries.forget_error, table=table)
        forget_lines(log_file().parent, [one.encode() for one, _ in self.ids()])


def forget_lines(folder: Path, ids: list[bytes]):
    """Remove lines that name one of the ids from dbt's logs."""
    for file in folder.glob("dbt.log*"):
        try:
            text = file.read_bytes() if file.is_file() else b""
            if named := [re.escape(one) for one in ids if one in text]:
                word = re.compile(rb"(?<![\w-])(?:" + b"|".join(named) + rb")(?![\w-])")
                file.write_bytes(b"".join(line for line in text.splitlines(keepends=True) if not word.search(line)))
        except OSError as error:
            raise RefreshError(f"Nothing was erased, because {file} cannot be written ({error.strerror}): correct the permissions.") from error


def account() -> str:
    """The account that this process runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers may have
        return f"account {os.getuid()}"


def is_unfinished(connection, target: Target) -> bool:
    """Whether an erasure has yet to reach DuckDB's files."""
    stored = Stored(connection, target)
    return bool(target.file) and stored.has("refresh", "erasures") and bool(
        stored.ask("select 1 from {refresh}.erasures where finished_at is null limit 1"))


def finish(target: Target):
    """Remove what was erased from DuckDB's files, too. Raises RefreshError; the next refresh or erasure then does it.

    The caller holds the lock. An interrupted step is repeated.
    """
    try:
        rewrite(target.file.resolve(), target.memory)
        published = published_file(target.file, target.schema(""))
        if published and published.exists():
            publish(target.file, published, target.schema, target.memory, is_new=True)
    except (OSError, duckdb.Error) as error:
        raise RefreshError(
            f"What was erased is out of the tables, but not yet out of {target.file} ({first_line(str(error))}): free some space, or make sure "
            "that nobody has it open, and run again.", MODEL_FAILED) from error
    with target.connected() as connection:
        Stored(connection, target).ask("update {refresh}.erasures set finished_at = %s where finished_at is null",
                                       datetime.now(timezone.utc).replace(tzinfo=None))


def rewrite(file: Path, memory: str | None):
    """Replace a database with a copy of its contents. Raises OSError, duckdb.Error; the database is then unchanged."""
    copy, spilled = file.with_name(f"{file.name}.new"), file.with_name(f"{file.name}.new.tmp")
    duckdb.connect(str(file)).close()  # applies what a killed process left in the log beside it
    remove(copy)
    try:
        with duckdb.connect(config={"temp_directory": str(spilled), **({"memory_limit": memory} if memory else {})}) as connection:
            connection.execute(f"attach {quoted(file)} as stored (read_only)")
            connection.execute(f"attach {quoted(copy)} as copy")
            connection.execute("copy from database stored to copy")
        shutil.copymode(file, copy)
        with suppress(OSError):  # only an administrator may, and must when refreshes run as another account
            os.chown(copy, file.stat().st_uid, file.stat().st_gid)
        synchronize(copy)
        os.replace(copy, file)
        synchronize(file.parent)
    finally:
        remove(copy)
        for left in (spilled, file.with_name(f"{file.name}.tmp")):
            shutil.rmtree(left, ignore_errors=True)
