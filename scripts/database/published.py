"""The file that readers of a DuckDB database open, for as long as they like, beside the one that refreshes work in.

It holds the published schemas as the last successful refresh left them, and their log, and is replaced as a whole. There are two
copies: each refresh updates the older one and swaps the two, so it writes little more than what changed. If somebody
still reads the older one, the refresh updates a copy of the newer one instead.
"""

import os
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from common.errors import RefreshError
from common.project import read_queries
from database.target import Target

PUBLISHED_VARIABLE = "SIGNUP_ATTRIBUTION_PUBLISHED"
OFF = "off"
SCHEMAS = ("sessions", "reporting")
LOG = "refresh"
# Only these relations of these schemas: the logs and the view on them, and what views of reporting read.
PARTS = {LOG: ("refresh_runs", "refresh_log", "last_audit", "refresh_health", "restatements", "channel_changes"), "partitioning": ("partitions",)}
# Those to which batches only add rows.
GROWING = ("restatements", "channel_changes")
# Tables in which only rows of changed persons change until a rebuild -> the column with a row's time: rows from
# changed_since on change, and rows without a time; None: all of a person's rows. (In their models: replace_persons, since.)
CHANGED_BY_PERSON = {
    "all_sessions": "session_start", "attribution": None,
    "person_paths": "signup_timestamp", "path_credits": "signup_timestamp",
}

queries = read_queries(Path(__file__).with_suffix(".sql"))


def published_file(work: Path, prefix: str = "") -> Path | None:
    """The readers' file of this work file; None if there is to be none. prefix: of our schemas, as a work file may have several sets
    of them."""
    named = os.environ.get(PUBLISHED_VARIABLE, "")
    if named.lower() == OFF:
        return None
    return Path(named).absolute() if named else work.with_name(f"{'.'.join([work.stem, *([prefix[:-1]] if prefix else [])])}.published{work.suffix or '.duckdb'}")


def is_readers_file(file: Path, log: str) -> bool:
    """Whether the readers' file may replace a file: it does not exist, is empty, or is an earlier one with this schema for the log."""
    if not file.exists() or file.stat().st_size == 0:
        return True
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(queries.is_readers_file, [log]).fetchone()[0]
    except duckdb.Error as error:
        # Somebody has it open to write, or it was written by a newer DuckDB: the spare beside it shows whose it is.
        return "not a valid DuckDB database" not in str(error) and spare_of(file).exists()


def spare_of(published: Path) -> Path:
    """The other of the two files."""
    return published.with_name(published.name + ".spare")


def publish(work: Path, published: Path, schema_of=lambda folder: folder, memory: str | None = None, is_new=False) -> None:
    """Replace the readers' file, in one step, by one with what refreshes left; whoever has the earlier one open keeps reading it.

    work: a database that no other process has open; schema_of: name of the schema of a folder of models; memory: what DuckDB may
    use, such as 8GB; is_new: start afresh and keep no spare, because files keep parts of deleted rows. Raises OSError, duckdb.Error;
    the readers' file is then unchanged.
    """
    spare = spare_of(published)
    try:
        with duckdb.connect(config={"memory_limit": memory} if memory else {}) as connection:
            connection.execute(f"attach {quoted(work)} as work (read_only)")
            copy = Copy(connection, schema_of)
            changes = copy.changes() if not is_new and attached(connection, spare) else {}
            if not changes:  # being read, broken, too old or missing
                connection.execute("detach database if exists published")
                remove(spare)
                if not is_new and can_be_read(published):
                    shutil.copyfile(published, spare)
                connection.execute(f"attach {quoted(spare)} as published")
                changes = copy.changes()
            copy.all(changes)
            connection.execute("detach published")
        # Anybody who opened it for writing would leave a log beside it, which does not belong to the next file.
        os.chmod(spare, spare.stat().st_mode & 0o555)
        synchronize(spare)
    except BaseException:
        with suppress(OSError):
            remove(spare)
        raise
    exchange(spare, published, not is_new)


def attached(connection: duckdb.DuckDBPyConnection, file: Path) -> bool:
    """Attach a file for writing, as `published`; whether it exists, can be read, and nobody else has it open."""
    if not file.exists():
        return False
    os.chmod(file, file.stat().st_mode | 0o200)
    try:
        connection.execute(f"attach {quoted(file)} as published")
    except duckdb.Error:
        return False
    return True


def remove(file: Path):
    """Remove a database with the log that a killed process left beside it, which belongs to no later file of that name."""
    for part in (file, Path(f"{file}.wal")):
        part.unlink(missing_ok=True)


def exchange(spare: Path, published: Path, is_kept: bool):
    """Put the spare file in place of the published one, which becomes the spare if it is kept and the file system has hard links."""
    kept = published.with_name(published.name + ".before")
    kept.unlink(missing_ok=True)
    if is_kept:
        try:
            os.link(published, kept)
        except OSError:
            is_kept = False
    os.replace(spare, published)
    if is_kept:
        os.replace(kept, spare)
    synchronize(published.parent)


def can_be_read(file: Path) -> bool:
    """Whether the database exists and this version of DuckDB can read it."""
    try:
        duckdb.connect(str(file), read_only=True).close()
    except duckdb.Error:
        return False
    return True


@dataclass
class Copy:
    """The databases `work` and `published` of a connection; schema_of: name of the schema of a folder of models."""

    connection: duckdb.DuckDBPyConnection
    schema_of: object

    def all(self, changes: dict[str, int]):
        """Make the readers' file hold what is published of the work database, and nothing else. changes: what `changes` returns."""
        self.connection.execute("begin")
        views = []
        for folder in (*SCHEMAS, *PARTS):
            schema = self.schema_of(folder)
            self.connection.execute(f'create schema if not exists published."{schema}"')
            wanted = {
                name: kind for name, kind in self.found("work", schema).items() if name in PARTS.get(folder, (name,))
            }
            grown = [name for name in wanted if changes and name in GROWING and self.is_beginning(schema, name)]
            for name, kind in self.found("published", schema).items():
                if kind == "view" or name not in (*changes, *grown):
                    self.connection.execute(f'drop {kind} published."{schema}"."{name}"')
            for name, kind in wanted.items():
                if kind == "view":
                    views.append((schema, name))
                elif name in changes:
                    self.change_rows(f'"{schema}"."{name}"', changes[name], CHANGED_BY_PERSON[name])
                elif name in grown:
                    self.connection.execute(queries.add_rows.format(table=f'"{schema}"."{name}"'))
                else:
                    self.copy_table(schema, name)
        if self.has_state("work"):
            self.connection.execute(f'create or replace table published."{self.schema_of(LOG)}".published as {self.state()}')
        self.connection.execute("commit")
        self.copy_views(views)

    def found(self, database: str, schema: str) -> dict[str, str]:
        """Name -> table or view, of a schema."""
        return dict(self.connection.execute(queries.stored, [database, schema]).fetchall())

    def state(self) -> str:
        """Query for the state of each table."""
        return queries.state.format(refresh=self.schema_of(LOG))

    def has_state(self, database: str) -> bool:
        wanted = {"work": {"models", "batches"}, "published": {"published"}}[database]
        return wanted <= {*self.found(database, self.schema_of(LOG))}

    def changes(self) -> dict[str, int]:
        """Table -> the batch after which only rows of changed persons have changed in it, where that is known."""
        affected = self.found("work", self.schema_of("this_batch")).get("changed_persons")
        if not (affected and self.has_state("work") and self.has_state("published")):
            return {}
        known = dict(self.connection.execute(queries.continued.format(state=self.state(), refresh=self.schema_of(LOG))).fetchall())
        return {name: known[name] for name in CHANGED_BY_PERSON if name in known and self.is_like_before(name)}

    def is_like_before(self, table: str) -> bool:
        """Whether a table has the same columns in both databases."""
        schemas = [self.schema_of(folder) for folder in SCHEMAS]
        return self.connection.execute(queries.is_like_before, [table, schemas]).fetchone()[0]

    def change_rows(self, table: str, after: int, time: str | None):
        """Replace the rows of persons whom batches after this one changed: those whose `time` is not before the change, or null."""
        affected = queries.affected.format(this_batch=self.schema_of("this_batch"), after=after)
        concerned = "affected.alias_id = stored.alias_id"
        if time:
            concerned += f" and (stored.{time} is null or affected.changed_since <= stored.{time})"
        self.connection.execute(f"delete from published.{table} as stored using {affected} where {concerned}")
        self.connection.execute(
            f"insert into published.{table} select stored.* from work.{table} as stored inner join {affected} on {concerned}")

    def is_beginning(self, schema: str, name: str) -> bool:
        """Whether the published table is the stored one as it was after some batch."""
        return name in self.found("published", schema) and self.connection.execute(
            queries.is_beginning.format(table=f'"{schema}"."{name}"')).fetchone()[0]

    def copy_table(self, schema: str, name: str):
        """Copy a table, or the rows of a view, with comments."""
        self.connection.execute(f'create table published."{schema}"."{name}" as select * from work."{schema}"."{name}"')
        self.copy_comments(schema, name, "table")

    def copy_views(self, views: list[tuple[str, str]]):
        """Recreate views; those that read what is not published become tables. views: schema and name of each."""
        failed = [view for view in views if not self.copy_view(*view)]
        if len(failed) < len(views):
            self.copy_views(failed)  # they may read views that were not there yet
        else:
            for view in failed:
                self.copy_table(*view)

    def copy_view(self, schema: str, name: str) -> bool:
        """Recreate a view; whether it can be read."""
        self.connection.execute("use published; begin")
        try:
            self.connection.execute(self.views[schema, name])
            self.connection.execute(f'select * from "{schema}"."{name}" limit 0')
            self.copy_comments(schema, name, "view")
            self.connection.execute("commit")
            return True
        except duckdb.Error:
            self.connection.execute("rollback")
            return False
        finally:
            self.connection.execute("use memory")

    def copy_comments(self, schema: str, name: str, kind: str):
        """Copy the comments of a relation and its columns. kind: what it is in the readers' file, table or view."""
        for column, comment in self.comments.get((schema, name), []):
            of_column = f'."{column}"' if column else ""
            self.connection.execute(
                f'comment on {"column" if column else kind} published."{schema}"."{name}"{of_column} is {quoted(comment)}')

    @cached_property
    def views(self) -> dict[tuple[str, str], str]:
        """Schema and name -> SQL that creates the view."""
        return {(schema, name): sql for schema, name, sql in self.connection.execute(queries.views).fetchall()}

    @cached_property
    def comments(self) -> dict[tuple[str, str], list]:
        """Schema and name -> column, or None for the relation itself, and comment."""
        found = defaultdict(list)
        for schema, name, *comment in self.connection.execute(queries.comments).fetchall():
            found[schema, name].append(comment)
        return found


def quoted(text) -> str:
    """A literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def synchronize(path: Path):
    """Wait until what a file or folder holds is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_published(target: Target):
    """Raises RefreshError if the readers' file would replace something else."""
    published = target.file and published_file(target.file, target.schema(""))
    if published and (published.resolve() == target.file.resolve() or not is_readers_file(published, target.schema("refresh"))):
        raise RefreshError(
            f"{published} is not a readers' file of these schemas, and publishing would replace it: name another file in {PUBLISHED_VARIABLE}.")
