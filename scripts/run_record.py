"""What one refresh did, for whoever is told of it: the log in the database, metrics, alerts."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ModelRun:
    """One model of one refresh.

    status: 'success', 'error' or 'skipped' (because a model it reads failed, or the run ended before). seconds: of its last
    attempt. rows_read: rows that its query gave; rows_inserted: those of them that were not stored as they are already;
    rows_deleted: stored rows that made way. None where that is not known.
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

    batch_id: None when it ended before it had one. status: 'success', 'failed', or 'refused' (what was asked for makes no sense). started_at: aware, UTC.
    newest_message_at: the newest occurred_at stored, aware, UTC; None before the first message, or if it cannot be asked.
    totals: name -> number now stored, see refresh_report; notes: what else the refresh found worth knowing.
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
