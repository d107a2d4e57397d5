"""Progress of a refresh: a bar on a terminal, one JSON object per line for machines.

What shows it is called with the name of an event and its facts:

    model_started     model, index, total: number `index` of `total`
    model_finished    model, status ('success' or 'error'), seconds
    retry             error, failed (model -> why), in_seconds
    note              text: anything else worth knowing
    not_logged        error: why the run is not in the log of the database; status: of the run
    refused           error: another refresh is running
    refresh_finished  the fields of RunRecord
"""

import json
import sys
import threading
from datetime import datetime, timezone

from tqdm import tqdm

from common.errors import RefreshError, escaped


class Text:
    """Sentences on stderr about anything unusual."""

    def __call__(self, event, **facts):
        if event == "retry":
            self.print(f"{facts['error']} Retrying in {facts['in_seconds']:.0f} s.")
        elif event == "note":
            self.print(facts["text"])
        elif event == "not_logged" and facts["status"] == "success":  # a failed run has already said what is wrong with the database
            self.print(f"The refresh succeeded, but could not be logged: {facts['error']}")

    def print(self, text: str):
        print(escaped(text), file=sys.stderr, flush=True)


class Bar(Text):
    """Like Text, with a bar in the last line of the terminal: the models being built, and the time left.

    The time left is estimated from past runs (see `expect`); before the first one it is unknown.
    """

    def __init__(self):
        self.seconds, self.threads, self.running, self.ended_models = {}, 1, [], 0
        self.bar = tqdm(total=0, file=sys.stderr, leave=False, bar_format="{percentage:3.0f}% |{bar:20}| {desc}")

    def expect(self, seconds: dict[str, float], threads: int):
        """Model -> seconds it usually takes, and how many are built in parallel."""
        self.seconds, self.threads = seconds, threads

    def __call__(self, event, **facts):
        super().__call__(event, **facts)
        if event in ("refused", "refresh_finished"):
            self.bar.close()
        elif event == "model_started":
            self.running.append(facts["model"])
            self.bar.total = max(self.bar.total, facts["total"])
            self.show()
        elif event == "model_finished":
            if facts["model"] in self.running:
                self.running.remove(facts["model"])
            self.seconds.pop(facts["model"], None)
            self.ended_models += 1
            self.bar.update()
            self.show()

    def show(self):
        """Say where the refresh is."""
        left = max([sum(self.seconds.values()) / self.threads, *self.seconds.values()])
        doing = [", ".join(self.running), f"about {left:.0f} s left" if left else ""]
        self.bar.set_description_str(f"{self.ended_models} of {self.bar.total}: {', '.join(filter(None, doing))}")

    def print(self, text):
        self.bar.write(escaped(text), file=sys.stderr)


class Lines:
    """One JSON object a line. Each has `at` (UTC) and `event`."""

    # how each file of them begins: a whole key, as one byte is too little (a DuckDB database begins with a checksum)
    BEGIN = b'{"at"'

    def __init__(self, stream):
        self.stream, self.lock = stream, threading.Lock()  # models built in parallel report from threads

    def __call__(self, event, **facts):
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        with self.lock:
            print(json.dumps({"at": at, "event": event, **facts}, default=str), file=self.stream, flush=True)


class Progress:
    """Passes events on to each of these; `bar` is the one with a bar, or None."""

    def __init__(self, *told):
        self.told = told
        self.bar = next((one for one in told if isinstance(one, Bar)), None)

    def __call__(self, event, **facts):
        for one in self.told:
            one(event, **facts)

    def say(self, text: str):
        """Anything else worth knowing."""
        self("note", text=text)


def make_progress(log_format: str, quiet: bool = False, log_file: str | None = None) -> Progress:
    """What reports a refresh's progress. Raises RefreshError when the log file cannot be written."""
    told = []
    if not quiet:
        told.append(Lines(sys.stdout) if log_format == "json" else Bar() if sys.stderr.isatty() else Text())
    if log_file:
        try:
            file = open(log_file, "a+", encoding="utf-8")
            file.seek(0)
            if file.buffer.read(len(Lines.BEGIN)) not in (b"", Lines.BEGIN):
                raise RefreshError(f"The file {log_file} is not a log of refreshes, so it was left unchanged: name another file after --log-file.")
            told.append(Lines(file))
        except OSError as error:
            raise RefreshError(f"The file {log_file} cannot be written ({error.strerror}): correct the path after --log-file.") from error
    return Progress(*told)
