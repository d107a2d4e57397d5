"""One refresh from beginning to end: under the lock, attempt after attempt, and its entry in the log."""

import gc
import json
import os
import sys
import time
import uuid
from dataclasses import asdict
from datetime import datetime, timezone

import duckdb

from common.errors import LOCKED_OUT, MODEL_FAILED, RefreshError
from common.plan import Plan
from common.project import ROOT
from database.dbt_commands import build_arguments, execute
from database.errors import first_line
from database.lock import acquire, make_lock
from database.published import PUBLISHED_VARIABLE, check_published, publish, published_file
from database.target import DEFAULT_SCHEMAS, Target, find_target
from erasing.erasure import finish, is_unfinished
from notifying.record import ModelRun, RunRecord
from notifying.settings import SETTINGS, Settings, endpoints, read_settings
from refreshing.log import Log
from refreshing.options import channel_notes
from refreshing.progress import Progress
from refreshing.report import FIGURES, FINISHES, NOTE, Report, read_report
from refreshing.retry import Budget, keep_trying

RUN_VARIABLE = "SIGNUP_ATTRIBUTION_RUN"  # names the run to dbt, so that all attempts are one batch


class Run:
    """A running refresh. It is called with dbt's events, and keeps the outcome of each model.

    settings: metrics and alerts at the end.
    """

    def __init__(self, plan: Plan, progress: Progress, settings: Settings):
        self.plan, self.progress, self.settings, self.id = plan, progress, settings, uuid.uuid4().hex
        self.started_at, self.clock = datetime.now(timezone.utc), time.monotonic()
        self.budget = Budget(plan.retry_for)
        self.knows_left = self.finishes_another = self.is_erasure_unfinished = False
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
            self.progress("model_started", model=model, index=event.data.index, total=event.data.total)
        elif name in ("LogModelResult", "LogSeedResult"):
            model, status = event.data.node_info.node_name, event.data.node_info.node_status
            if name == "LogModelResult":
                self.seconds[model] = event.data.execution_time
                self.attempts[model] = self.attempts.get(model, 0) + 1
            if status == "success":
                self.left.pop(model, None)
            self.progress("model_finished", model=model, status=status, seconds=round(event.data.execution_time, 3))

    def note(self, sentence: str):
        """Report a note of the refresh once; each attempt may repeat it."""
        if sentence == FINISHES:
            self.finishes_another = True  # this run then continues at once
        elif sentence not in self.notes:
            self.notes.append(sentence)
            self.progress.say(sentence)

    def retrying(self, error: RefreshError, seconds: float):
        gc.collect()  # what the failed attempt left
        self.progress("retry", error=str(error), failed=error.failed, in_seconds=round(seconds, 1))

    def carry_out(self):
        """The whole refresh. Raises RefreshError, KeyboardInterrupt."""
        os.chdir(ROOT)  # so that relative paths mean the same from everywhere
        os.environ[RUN_VARIABLE] = self.id
        try:
            self.target = find_target(self.plan.target, self.plan.profile, self.plan.vars, DEFAULT_SCHEMAS)
            check_published(self.target)
            self.lock = make_lock(self.target)
            keep_trying(self.attempt, self.budget, self.retrying)
            for sentence in channel_notes(self.plan):
                self.note(sentence)
            self.publish()
        except RefreshError as error:
            if error.exit_code == LOCKED_OUT:
                self.progress("refused", error=str(error))
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
            if not self.budget.in_touch and self.progress.bar:
                with self.target.connected() as connection:
                    self.progress.bar.expect(Log(connection, self.target).expected_seconds(), self.target.threads)
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
            error.args = (self.without_secrets(str(error)),)
            raise

    def publish(self):
        """DuckDB: replace the file that readers have. Raises RefreshError, KeyboardInterrupt."""
        if not self.target.file:
            return
        self.logged()  # the published log includes this refresh
        if self.is_erasure_unfinished:
            finish(self.target)
        published = published_file(self.target.file, self.target.schema(""))
        if not published:
            return
        try:
            publish(self.target.file, published, self.target.schema, self.target.memory)
        except (OSError, duckdb.Error) as error:
            raise RefreshError(
                f"{published} cannot be written ({first_line(str(error))}), so readers still see the previous refresh: free some space, or "
                f"correct {PUBLISHED_VARIABLE}, and run again.", MODEL_FAILED) from error

    def end(self, error: str | None = None, status: str = "failed"):
        """Log the run and send metrics and alerts. status: that of a run with an error."""
        record = self.logged(error, status)
        self.progress("refresh_finished", **asdict(record))
        if endpoints(self.settings):
            from notifying.announcing import announce  # what it needs takes a while to import

            for sentence in announce(record, self.settings):
                print(sentence, file=sys.stderr, flush=True)

    def logged(self, error: str | None = None, status: str = "failed") -> RunRecord:
        """Log the run as it is now."""
        record = RunRecord(
            None, self.plan.target, status if error else "success", self.started_at, time.monotonic() - self.clock,
            tuple(self.models()), self.without_secrets(error), totals=read_report(self.figures).totals, notes=tuple(self.notes))
        if self.budget.in_touch:
            try:
                with self.target.connected() as connection:
                    log = Log(connection, self.target)
                    record = log.completed(self.id, record)
                    log.write(self.id, record)
                    self.is_erasure_unfinished = is_unfinished(connection, self.target)
            except RefreshError as problem:
                self.progress("not_logged", error=str(problem), status=record.status)
        return record

    def models(self):
        """Yields each model that was tried or skipped."""
        for name in {**self.seconds, **self.left}:
            status, error = self.left.get(name, ("success", None))
            attempts = self.attempts.get(name, 0)
            yield ModelRun(name, status, self.seconds.get(name, 0.0), attempts, None, None, None, self.without_secrets(error))

    def without_secrets(self, text: str | None) -> str | None:
        """The text as it may be written anywhere."""
        return self.target.without_secrets(text) if self.target and text else text


def refresh(plan: Plan, progress: Progress | None = None, settings: Settings | None = None) -> Report:
    """Carry out a plan; returns what was done. Raises RefreshError, KeyboardInterrupt.

    progress: by default none. settings: metrics and alerts, by default those of the project's refresh.yml.
    """
    started = time.monotonic()
    run = Run(plan, progress or Progress(), settings or read_settings(SETTINGS, must_exist=False))
    run.carry_out()
    report = read_report(run.figures)
    report.notes, report.seconds, report.elapsed = run.notes, run.seconds, time.monotonic() - started
    return report
