"""Progress of a refresh: a bar on a terminal, one JSON object per line for machines."""

import json
import sys
import threading
from dataclasses import asdict
from datetime import datetime, timezone

from tqdm import tqdm

from common.errors import RefreshError
from common.escaping import escaped
from notifying.record import RunRecord


class Silent:
    """Reports nothing. Subclasses report some of it."""

    wants_expectations = False  # whether `expect` is worth a query

    def expect(self, seconds: dict[str, float], threads: int):
        """Model -> seconds it usually takes, and how many are built in parallel."""

    def started(self, model: str, index: int, total: int):
        """A model starts, as number `index` of `total`."""

    def finished(self, model: str, status: str, seconds: float):
        """A model has ended. status: 'success' or 'error'."""

    def retrying(self, error: RefreshError, seconds: float):
        """The failure will be retried in this many seconds."""

    def say(self, text: str):
        """Anything else worth knowing."""

    def not_logged(self, problem: str, record: RunRecord):
        """The run could not be written to the log in the database."""

    def refused(self, error: str):
        """Another refresh is running."""

    def ended(self, record: RunRecord):
        """The run has ended."""


class Text(Silent):
    """Sentences on stderr about what is out of the ordinary."""

    def retrying(self, error, seconds):
        self.say(f"{error} Retrying in {seconds:.0f} s.")

    def say(self, text):
        print(escaped(text), file=sys.stderr, flush=True)

    def not_logged(self, problem, record):
        # A failed run has already said what is wrong with the database.
        if record.status == "success":
            self.say(f"The refresh succeeded, but could not be logged: {problem}")


class Bar(Text):
    """Like Text, with a bar in the last line of the terminal: the models being built, and the time left.

    The time left is estimated from past runs; before the first one it is unknown.
    """

    wants_expectations = True

    def __init__(self):
        self.seconds, self.threads, self.running, self.ended_models = {}, 1, [], 0
        self.bar = tqdm(total=0, file=sys.stderr, leave=False, bar_format="{percentage:3.0f}% |{bar:20}| {desc}")

    def expect(self, seconds, threads):
        self.seconds, self.threads = seconds, threads

    def started(self, model, index, total):
        self.running.append(model)
        self.bar.total = max(self.bar.total, total)
        self.show()

    def finished(self, model, status, seconds):
        if model in self.running:
            self.running.remove(model)
        self.seconds.pop(model, None)
        self.ended_models += 1
        self.bar.update()
        self.show()

    def show(self):
        """Say where the refresh is."""
        left = max([sum(self.seconds.values()) / self.threads, *self.seconds.values()])
        doing = [", ".join(self.running), f"about {left:.0f} s left" if left else ""]
        self.bar.set_description_str(f"{self.ended_models} of {self.bar.total}: {', '.join(filter(None, doing))}")

    def say(self, text):
        self.bar.write(escaped(text), file=sys.stderr)

    def refused(self, error):
        self.bar.close()

    def ended(self, record):
        self.bar.close()


class Lines(Silent):
    """One JSON object a line. Each has `at` (UTC) and `event`."""

    def __init__(self, stream):
        self.stream, self.lock = stream, threading.Lock()  # models built in parallel report from threads

    def write(self, event: str, **facts):
        """Write a line."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        with self.lock:
            print(json.dumps({"at": at, "event": event, **facts}, default=str), file=self.stream, flush=True)

    def started(self, model, index, total):
        self.write("model_started", model=model, index=index, total=total)

    def finished(self, model, status, seconds):
        self.write("model_finished", model=model, status=status, seconds=round(seconds, 3))

    def retrying(self, error, seconds):
        self.write("retry", error=str(error), failed=error.failed, in_seconds=round(seconds, 1))

    def say(self, text):
        self.write("note", text=text)

    def not_logged(self, problem, record):
        self.write("not_logged", error=problem)

    def refused(self, error):
        self.write("refused", error=error)

    def ended(self, record):
        self.write("refresh_finished", **asdict(record))


class Several:
    """Tells several."""

    def __init__(self, told: list[Silent]):
        self.told = told
        self.wants_expectations = any(one.wants_expectations for one in told)

    def __getattr__(self, method):
        def tell(*arguments):
            for one in self.told:
                getattr(one, method)(*arguments)
        return tell


def make_progress(log_format: str, quiet: bool = False, log_file: str | None = None):
    """The reporters of a refresh's progress. Raises RefreshError when the log file cannot be written."""
    told = []
    if not quiet:
        told.append(Lines(sys.stdout) if log_format == "json" else Bar() if sys.stderr.isatty() else Text())
    if log_file:
        try:
            file = open(log_file, "a+", encoding="utf-8")
            file.seek(0)
            if file.buffer.read(1) not in (b"", b"{"):
                raise RefreshError(f"The file {log_file} is not a log of refreshes, so it was left unchanged: name another file after --log-file.")
            told.append(Lines(file))
        except OSError as error:
            raise RefreshError(f"The file {log_file} cannot be written ({error.strerror}): correct the path after "
                               "--log-file.") from error
    return Several(told)
