"""The record of one refresh, for the log in the database, metrics and alerts."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ModelRun:
    """One model of one refresh.

    status: 'success', 'error' or 'skipped' (because a model it reads failed, or the run ended first). seconds: of its last
    attempt. rows_read: rows that its query returned; rows_inserted: those that were not stored already; rows_deleted: stored
    rows that they replaced. None if unknown.
    """

    name: str
    status: str
    seconds: float
    attempts: int
    rows_read: int | None
    rows_inserted: int | None
    rows_deleted: int | None
    error: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """One refresh, with all its attempts.

    batch_id: None if it ended before it had one. status: 'success', 'failed', or 'refused' (the request makes no sense). started_at: aware, UTC.
    newest_message_at: the newest occurred_at stored, aware, UTC; None before the first message, or if it cannot be queried.
    totals: name -> number now stored (refreshing/report.py); notes: anything else worth knowing.
    """

    batch_id: int | None
    target: str
    status: str
    started_at: datetime
    seconds: float
    models: tuple[ModelRun, ...]
    error: str | None = None
    newest_message_at: datetime | None = None
    totals: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
