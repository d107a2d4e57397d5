"""The file that readers of a DuckDB database open, beside the one that refreshes work in, and have for as long as they like.

It holds the published schemas as the last successful refresh left them, and its log, and is replaced as a whole.
"""

import os
from contextlib import suppress
from pathlib import Path

import duckdb

PUBLISHED_VARIABLE = "SIGNUP_ATTRIBUTION_PUBLISHED"
OFF = "off"
SCHEMAS = ("sessions", "reporting")
LOG = "refresh"  # of this schema only the log, and the view on it
LOGGED = ("refresh_runs", "refresh_log", "refresh_health")


def published_file(work: Path) -> Path | None:
    """Where the readers' file of this work file is; None when there is to be none."""
    named = os.environ.get(PUBLISHED_VARIABLE, "")
    if named.lower() == OFF:
        return None
    return Path(named).absolute() if named else work.with_name(f"{work.stem}.published{work.suffix or '.duckdb'}")


def publish(work: Path, published: Path, schema_of=lambda folder: folder, memory: str | None = None) -> None:
    """Make the readers' file anew and put it in place of the one before, at one moment: who has that open goes on reading it.

    work: a database that no other process has open; schema_of: name of the schema of a folder of models; memory: what DuckDB may
    use, such as 8GB. Raises OSError, duckdb.Error; the file before is as it was then.
    """
    made = published.with_name(published.name + ".new")
    try:
        made.unlink(missing_ok=True)
        with duckdb.connect(config={"memory_limit": memory} if memory else {}) as connection:
            connection.execute(f"attach {quoted(work)} as work (read_only); attach {quoted(made)} as published")
            for schema in map(schema_of, SCHEMAS):
                copy_schema(connection, schema)
            copy_schema(connection, schema_of(LOG), LOGGED[:-1])
            copy_view(connection, schema_of(LOG), LOGGED[-1])
            connection.execute("detach published")
        # Who opened it for writing would leave a log beside it, which does not belong to the next one.
        os.chmod(made, made.stat().st_mode & 0o555)
        synchronize(made)
        os.replace(made, published)
        synchronize(published.parent)
    finally:
        for left in (made, Path(f"{made}.wal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def copy_schema(connection, schema: str, only=None):
    """Copy tables, views as tables, with their comments. only: names; by default all of the schema."""
    connection.execute(f'create schema if not exists published."{schema}"')
    found = connection.execute(
        "select table_name, comment from duckdb_tables() where database_name = 'work' and schema_name = $1 and not temporary "
        "union all select view_name, comment from duckdb_views() where database_name = 'work' and schema_name = $1 order by 1",
        [schema]).fetchall()
    for name, comment in found:
        if only is None or name in only:
            table = f'"{schema}"."{name}"'
            connection.execute(f"create table published.{table} as select * from work.{table}")
            copy_comments(connection, schema, name, comment)


def copy_comments(connection, schema: str, name: str, comment: str | None):
    """Copy the comments of a table and its columns."""
    commented = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'work' and schema_name = ? and table_name = ? "
        "and comment is not null", [schema, name]).fetchall()
    for column, text in commented:
        connection.execute(f'comment on column published."{schema}"."{name}"."{column}" is {quoted(text)}')
    if comment is not None:
        connection.execute(f'comment on table published."{schema}"."{name}" is {quoted(comment)}')


def copy_view(connection, schema: str, name: str):
    """Make a view again that reads nothing but what was copied."""
    found = connection.execute(
        "select sql from duckdb_views() where database_name = 'work' and schema_name = ? and view_name = ?", [schema, name]).fetchall()
    connection.execute("use published")
    for (sql,) in found:
        connection.execute(sql)
    connection.execute("use memory")


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
