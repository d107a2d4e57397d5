"""Compaction of the project's Iceberg tables: fewer and larger files, and no snapshots that nobody reads any more.

https://iceberg.apache.org/docs/latest/spark-procedures/
"""

from contextlib import closing
from datetime import datetime, timedelta, timezone

from common.errors import RefreshError
from database.lease import MARK
from database.lock import make_lock, one_at_a_time
from database.stored_tables import NOT_YET
from database.target import Target

REWRITE = "call system.rewrite_data_files(table => %s, options => map('min-input-files', '2', 'remove-dangling-deletes', 'true'))"
REWRITE_DELETES = "call system.rewrite_position_delete_files(table => %s, options => map('min-input-files', '2'))"
EXPIRE = "call system.expire_snapshots(table => %s, older_than => {before})"
REMOVE_ORPHANS = "call system.remove_orphan_files(table => %s)"


def compact(target: Target, older_than: timedelta, with_orphans: bool, say):
    """Compact all tables of a target of Spark while no refresh runs. Raises RefreshError.

    older_than: age of the snapshots that go; with_orphans: also files that no snapshot knows; say: called with a sentence for each table.
    """
    limit = datetime.now(timezone.utc) - older_than
    expire = EXPIRE.format(before=f"timestamp_ltz '{limit:%Y-%m-%d %H:%M:%S.%f} UTC'")
    # not on the lock's connection: the lease is renewed on that one meanwhile, and a connection runs one statement at a time
    with one_at_a_time(make_lock(target)), closing(target.connect()) as connection:
        tables = [name for schema in target.schemas.values() for name in marked(connection, schema)]
        if not tables:
            raise RefreshError(NOT_YET)
        for table in tables:
            rewritten = [row[:2] for call in (REWRITE, REWRITE_DELETES) for row in connection.rows(call, [table])]
            deleted = sum(sum(row) for row in connection.rows(expire, [table]))  # a table without snapshots has no row
            deleted += len(connection.rows(REMOVE_ORPHANS, [table])) if with_orphans else 0
            before, after = sum(old for old, _ in rewritten), sum(new for _, new in rewritten)
            if before or deleted:
                say(f"{table.replace('`', '')}: {before} files became {after}, {deleted} were deleted.")


def marked(connection, schema: str) -> list[str]:
    """Names of the tables of a schema that are ours."""
    if not connection.rows("show schemas like %s", [schema.strip("`")]):
        return []
    tables = [f"{schema}.`{name}`" for _, name, _ in connection.rows(f"show tables in {schema}")]
    return [table for table in tables if any(MARK in str(value) for _, value, _ in connection.rows(f"describe table extended {table}"))]
