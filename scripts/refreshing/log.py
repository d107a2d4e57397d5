"""The log of refreshes in the database: refresh.refresh_runs and refresh.refresh_log, completed when a run has ended.

The tables are made by macros/refresh/logs.sql; a database without them has had no refresh yet, and nothing is logged there.
"""

from dataclasses import astuple, replace
from datetime import datetime, timezone
from pathlib import Path

from common.project import read_queries
from database.target import Stored, Target
from notifying.record import ModelRun, RunRecord

queries = read_queries(Path(__file__).with_suffix(".sql"))


class Log(Stored):
    """The log on a connection to a target."""

    def __init__(self, connection, target: Target):
        super().__init__(connection, target)
        self.is_there = self.has("refresh", "refresh_log")

    def expected_seconds(self) -> dict[str, float]:
        """Model -> seconds it usually takes. Empty before the first refresh."""
        return dict(self.ask(queries.expected_seconds)) if self.is_there else {}

    def newest_message_at(self) -> datetime | None:
        """The newest occurred_at stored."""
        if not self.has("partitioning", "partitions"):
            return None
        newest = self.ask(queries.newest_message_at)[0][0]
        return newest.replace(tzinfo=timezone.utc) if newest else None

    def completed(self, run: str, record: RunRecord) -> RunRecord:
        """The record with what the database knows of the run: its batch, the rows of its models, the newest message.

        A model that has written its table but is not in the record succeeded; the connection dropped before we heard.
        """
        batch = self.ask(queries.batch_of, run)[0][0] if self.is_there else None
        models = {model.name: model for model in record.models}
        for name, read, inserted, deleted in self.ask(queries.models, batch) if batch is not None else ():
            known = models.get(name) or ModelRun(name, "success", 0.0, 1, None, None, None)
            models[name] = replace(
                known, status="success", error=None, rows_read=read, rows_inserted=inserted, rows_deleted=deleted)
        return replace(record, batch_id=batch, models=tuple(models.values()), newest_message_at=self.newest_message_at())

    def write(self, run: str, record: RunRecord):
        """Complete the log with this run, in one transaction. A run without a batch (it ended too early) gets one row in
        refresh_runs, without a batch."""
        if not self.is_there:
            return
        batch, ended = record.batch_id, datetime.now(timezone.utc).replace(tzinfo=None)
        newest = record.newest_message_at and record.newest_message_at.replace(tzinfo=None)
        self.ask("begin")
        if batch is not None:
            self.ask("delete from {refresh}.refresh_runs where run_id = %s", run)
            self.ask("delete from {refresh}.refresh_log where batch_id = %s", batch)
        self.ask(queries.insert_run, batch, record.status, record.started_at.replace(tzinfo=None), ended, record.seconds, newest, record.error, run)
        lines = [(batch, ended, *astuple(model)) for model in record.models]
        if lines:
            values = ", ".join(["(" + ", ".join(["%s"] * len(lines[0])) + ")"] * len(lines))
            self.ask(queries.insert_models, *(value for line in lines for value in line), values=values)
        self.ask("commit")
