"""The log of refreshes in the database: refresh.refresh_runs and refresh.refresh_log, completed when a run has ended.

The tables are made by macros/refresh/logs.sql; a database without them has had no refresh yet, and nothing is logged there.
"""

from dataclasses import replace
from datetime import datetime, timezone

from database.target import Target, has_table, rows
from notifying.record import ModelRun, RunRecord

EXPECTED_OF_RUNS = 10  # the expected duration of a model is the median of this many successful runs


def expected_seconds(connection, target: Target) -> dict[str, float]:
    """Model -> seconds it usually takes: the median of its last runs. Empty before the first refresh."""
    if not has_table(connection, target.schema("refresh"), "refresh_log"):
        return {}
    return dict(rows(connection, f"""
        select model, percentile_cont(0.5) within group (order by seconds) from (
            select model, seconds, row_number() over (partition by model order by batch_id desc) as age
            from {target.table('refresh', 'refresh_log')} where status = 'success' and seconds is not null
        ) as runs
        where age <= {EXPECTED_OF_RUNS} group by model"""))


def batch_of(connection, target: Target, run: str) -> int | None:
    """The batch that a run opened or continued; None if it did not get that far."""
    if not has_table(connection, target.schema("refresh"), "refresh_log"):
        return None
    found = rows(connection, f"select max(batch_id) from {target.table('refresh', 'refresh_runs')} where run_id = %s", [run])
    return found[0][0]


def newest_message_at(connection, target: Target) -> datetime | None:
    """The newest occurred_at stored."""
    if not has_table(connection, target.schema("partitioning"), "partitions"):
        return None
    newest = rows(connection, f"select max(last_occurred_at) from {target.table('partitioning', 'partitions')}")[0][0]
    return newest.replace(tzinfo=timezone.utc) if newest else None


def completed(connection, target: Target, run: str, record: RunRecord) -> RunRecord:
    """The record with what the database knows of the run: its batch, the rows of its models, the newest message.

    A model that is logged but not in the record succeeded; the connection dropped before we heard.
    """
    batch = batch_of(connection, target, run)
    counts = {}
    if batch is not None:
        counts = {model: found for model, *found in rows(connection, f"""
            select model, rows_read, rows_inserted, rows_deleted from {target.table("refresh", "refresh_log")}
            where batch_id = %s and status = 'success'""", [batch])}
    models = {model.name: model for model in record.models}
    for name, (read, inserted, deleted) in counts.items():
        known = models.get(name) or ModelRun(name, "success", 0.0, 1, None, None, None)
        models[name] = replace(
            known, status="success", error=None, rows_read=read, rows_inserted=inserted, rows_deleted=deleted)
    return replace(record, batch_id=batch, models=tuple(models.values()),
                   newest_message_at=newest_message_at(connection, target))


def write(connection, target: Target, run: str, record: RunRecord):
    """Complete the log with this run, in one transaction. A run without a batch (it ended too early) gets one row in
    refresh_runs, without a batch."""
    runs, log, batch = target.table("refresh", "refresh_runs"), target.table("refresh", "refresh_log"), record.batch_id
    if not has_table(connection, target.schema("refresh"), "refresh_log"):
        return
    started = record.started_at.replace(tzinfo=None)
    ended = datetime.now(timezone.utc).replace(tzinfo=None)
    newest = record.newest_message_at and record.newest_message_at.replace(tzinfo=None)
    rows(connection, "begin")
    if batch is not None:
        rows(connection, f"delete from {runs} where run_id = %s", [run])
        rows(connection, f"delete from {log} where batch_id = %s", [batch])
    rows(connection, f"""insert into {runs} (batch_id, status, started_at, finished_at, seconds, newest_message_at, error, run_id)
         values (%s, %s, %s, %s, %s, %s, %s, %s)""", [batch, record.status, started, ended, record.seconds, newest, record.error, run])
    lines = [
        (batch, model.name, model.status, model.attempts, model.rows_read, model.rows_inserted, model.rows_deleted,
         model.seconds, ended, model.error)
        for model in record.models
    ]
    if lines:
        values = ", ".join(["(" + ", ".join(["%s"] * len(lines[0])) + ")"] * len(lines))
        rows(connection, f"insert into {log} values {values}", [value for line in lines for value in line])
    rows(connection, "commit")
