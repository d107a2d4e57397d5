"""What one refresh did, for whoever is to be told: the log, metrics, alerts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ModelRun:
    """One model of one refresh.

    status: 'success', 'error' or 'skipped'; seconds: of all attempts; attempts: 0 for a skipped model;
    rows_*: None where nobody counted; error: one sentence, None without one.
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
    """One refresh.

    batch_id: None where it ended before it had one; target: connection of profiles.yml; status: 'success' or 'failed';
    started_at: aware, UTC; seconds: until its end; error: one sentence, None without one;
    newest_message_at: newest occurred_at stored, aware, UTC; None where nothing is stored or nobody could look.
    """

    batch_id: int | None
    target: str
    status: str
    started_at: datetime
    seconds: float
    models: tuple[ModelRun, ...]
    error: str | None = None
    newest_message_at: datetime | None = None
