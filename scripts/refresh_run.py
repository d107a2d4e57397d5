"""One refresh from beginning to end: under the lock, attempt after attempt, and its entry in the log."""

import json
import os
import sys
import time
import uuid
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import duckdb

import refresh_log
from erasure import finish, is_unfinished
from notify_settings import Settings
from published import PUBLISHED_VARIABLE, is_readers_file, publish, published_file
from refresh_errors import failure, first_line
from refresh_lock import acquire, make_lock
from refresh_plan import LOCKED_OUT, MODEL_FAILED, Plan, RefreshError, build_arguments
from refresh_report import FINISHES, FIGURES, NOTE, read_report
from refresh_retry import Budget, keep_trying
from run_record import ModelRun, RunRecord
from target import ROOT, Target, find_target, log_file

RUN_VARIABLE = "SIGNUP_ATTRIBUTION_RUN"  # names the run to dbt, so that all attempts are one batch


def run_dbt(arguments: list[str], on_event=None, manifest=None):
    """Run one dbt command in this process and return its outcome. Afterwards no database file is held open.

    on_event: called with each event. manifest: the project as dbt parsed it before, which then is not parsed again.
    """
    # These take two seconds, which wrong options need not wait for.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        return dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else []).invoke(arguments)
    finally:
        # One connection serves all models and would stay open, so nobody else could open the file.
        DuckDBConnectionManager.close_all_connections()


def execute(arguments: list[str], on_event=None):
    """Run one dbt command; its result. Raises RefreshError, KeyboardInterrupt.

    Everything that a refresh does to tables passes here. on_event may have `causes`: node -> traceback of its failure.
    """
    outcome = run_dbt(arguments, on_event)
    if isinstance(outcome.exception, (KeyboardInterrupt, SystemExit)):
        raise KeyboardInterrupt
    if not outcome.success:
        results = getattr(outcome.result, "results", None) or []
        raise failure(outcome.exception, results, log_file(), getattr(on_event, "causes", None))
    return outcome.result


def announce(record: RunRecord, settings: Settings) -> list[str]:
    """Send the metrics and alerts of a finished run, as configured in refresh.yml; one sentence for each that failed."""
    if not any(value is not None for group in (settings.metrics, settings.alerts) for _, value in group):
        return []
    from notify import announce as tell  # what it needs takes a while to import

    return tell(record, settings)


def check_published(target: Target):
    """Raises RefreshError if the readers' file would replace something else."""
    published = target.file and published_file(target.file, target.schema(""))
    if published and (published.resolve() == target.file.resolve() or not is_readers_file(published, target.schema("refresh"))):
        raise RefreshError(
            f"{published} is not a readers' file of these schemas, and publishing would replace it: name another file in {PUBLISHED_VARIABLE}.")


class Run:
    """A running refresh. It is called with dbt's events, and keeps the outcome of each model.

    progress: reports what happens, see refresh_progress; settings: metrics and alerts at the end.
    """

    def __init__(self, plan: Plan, progress, settings: Settings):
        self.plan, self.progress, self.settings, self.id = plan, progress, settings, uuid.uuid4().hex
        self.started_at, self.clock = datetime.now(timezone.utc), time.monotonic()
        self.budget = Budget(plan.retry_for)
        self.knows_left = self.finishes_another = False
        self.left: dict[str, tuple[str, str | None]] = {}  # models and seeds not done -> status, error
        self.seconds: dict[str, float] = {}  # of models
        self.attempts: dict[str, int] = {}
        self.causes: dict[str, str] = {}
        self.figures: list[list] = []
        self.notes: list[str] = []
        self.target: Target | None = None
        self.lock = None

    def __call__(self, event):
        name = event.info.name
        if name == "JinjaLogDebug" and event.data.msg.startswith(FIGURES):
            self.figures = json.loads(event.data.msg.removeprefix(FIGURES))
        elif name == "JinjaLogInfo" and event.data.msg.startswith(NOTE):
            self.note(event.data.msg.removeprefix(NOTE))
        elif name == "CatchableExceptionOnRun":
            self.causes[event.data.node_info.node_name] = event.data.exc_info
        elif name == "LogStartLine":
            model = event.data.node_info.node_name
            self.left[model] = ("error", "It was interrupted.")
            self.progress.started(model, event.data.index, event.data.total)
        elif name in ("LogModelResult", "LogSeedResult"):
            model, status = event.data.node_info.node_name, event.data.node_info.node_status
            if name == "LogModelResult":
                self.seconds[model] = event.data.execution_time
                self.attempts[model] = self.attempts.get(model, 0) + 1
            if status == "success":
                self.left.pop(model, None)
            self.progress.finished(model, status, event.data.execution_time)

    def note(self, sentence: str):
        """Report a note of the refresh once; each attempt may repeat it."""
        if sentence == FINISHES:
            self.finishes_another = True  # this run then continues at once
        elif sentence not in self.notes:
            self.notes.append(sentence)
            self.progress.say(sentence)

    def carry_out(self):
        """The whole refresh. Raises RefreshError, KeyboardInterrupt."""
        os.chdir(ROOT)  # so that relative paths mean the same from everywhere
        os.environ[RUN_VARIABLE] = self.id
        try:
            self.target = find_target(self.plan.target, self.plan.profile, self.plan.vars)
            check_published(self.target)
            self.lock = make_lock(self.target)
            keep_trying(self.attempt, self.budget, self.progress.retrying)
            self.publish()
        except RefreshError as error:
            if error.exit_code == LOCKED_OUT:
                self.progress.refused(str(error))
            else:
                self.end(str(error), "refused" if error.is_refused else "failed")
            raise
        except KeyboardInterrupt:
            self.end("It was interrupted.")
            raise
        else:
            self.end()
        finally:
            if self.lock:
                self.lock.release()

    def attempt(self):
        """Do what is left to do. Raises RefreshError, KeyboardInterrupt."""
        if not self.lock.is_held():
            self.lock.release()
            # The lock was lost with the connection: another process may hold it now, or the server has not yet noticed
            # that ours is gone.
            acquire(self.lock, self.budget.seconds if self.budget.in_touch else self.plan.wait, self.progress.say)
            if not self.budget.in_touch and self.progress.wants_expectations:
                with self.target.connected() as connection:
                    self.progress.expect(refresh_log.expected_seconds(connection, self.target), self.target.threads)
        self.budget.in_touch = True
        self.causes.clear()
        try:
            execute(build_arguments(self.plan, str(ROOT), tuple(self.left) if self.knows_left else ()), self)
            if self.finishes_another and not self.left:
                self.finishes_another = False
                execute(build_arguments(self.plan, str(ROOT)), self)
        except RefreshError as error:
            # Only a command that finished knows the outcome of every model.
            self.knows_left = self.knows_left or bool(error.failed)
            self.left.update({name: ("error", text) for name, text in error.failed.items()})
            self.left.update({name: ("skipped", None) for name in error.skipped})
            error.args = (self.target.without_secrets(str(error)),)
            raise

    def publish(self):
        """DuckDB: replace the file that readers have. Raises RefreshError, KeyboardInterrupt."""
        if is_unfinished(self.target):
            finish(self.target)
        published = self.target.file and published_file(self.target.file, self.target.schema(""))
        if not published:
            return
        self.logged()  # the published log includes this refresh
        try:
            settings = self.target.credentials.settings or {}
            publish(self.target.file, published, self.target.schema, settings.get("memory_limit"))
        except (OSError, duckdb.Error) as error:
            raise RefreshError(
                f"{published} cannot be written ({first_line(str(error))}), readers see the refresh before this one: free some space, or "
                f"correct {PUBLISHED_VARIABLE}, and run again.", MODEL_FAILED) from error

    def end(self, error: str | None = None, status: str = "failed"):
        """Log the run and send metrics and alerts. status: that of a run with an error."""
        record = self.logged(error, status)
        self.progress.ended(record)
        for sentence in announce(record, self.settings):
            print(sentence, file=sys.stderr, flush=True)

    def logged(self, error: str | None = None, status: str = "failed") -> RunRecord:
        """Log the run as it is now."""
        record = RunRecord(
            None, self.plan.target, status if error else "success", self.started_at, time.monotonic() - self.clock,
            tuple(self.models()), error, totals=read_report(self.figures).totals, notes=tuple(self.notes))
        if self.target:
            record = self.without_secrets(record)
        if self.budget.in_touch:
            try:
                with self.target.connected() as connection:
                    record = refresh_log.completed(connection, self.target, self.id, record)
                    refresh_log.write(connection, self.target, self.id, record)
            except RefreshError as problem:
                self.progress.not_logged(str(problem), record)
        return record

    def models(self):
        """Yields each model that was tried or skipped."""
        for name in {**self.seconds, **self.left}:
            status, error = self.left.get(name, ("success", None))
            attempts = self.attempts.get(name, 0)
            yield ModelRun(name, status, self.seconds.get(name, 0.0), attempts, None, None, None, error)

    def without_secrets(self, record: RunRecord) -> RunRecord:
        """The record as it may be written anywhere."""
        def cleaned(text):
            return text and self.target.without_secrets(text)

        models = tuple(replace(model, error=cleaned(model.error)) for model in record.models)
        return replace(record, models=models, error=cleaned(record.error))
