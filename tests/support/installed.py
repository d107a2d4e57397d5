"""A copy of the project on a small database, used as people use it: by the command line of its runner."""

import os
import shutil
import subprocess
import sys
import weakref
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from forks import Forks
from project import ROOT, environment_with

COPIED = ["dbt_project.yml", "profiles.yml", "refresh.yml", "macros", "models", "seeds", "scripts", "tests/sql/generic"]
SOURCES = "_staging__sources.yml"  # what a refresh needs of models/ besides the SQL
STARTED = datetime(2026, 3, 1, 10)
TIME_LIMIT = 120  # seconds for one refresh


def visits(count: int, first: int = 0) -> dict[str, list[dict]]:
    """Raw rows by collection: `count` people with one page view each, every other one of whom signs up."""
    pages, tracks = [], []
    for number in range(first, first + count):
        at = STARTED + timedelta(hours=number)
        person = {"anonymous_id": f"device {number}", "received_at": at, "timestamp": at}
        pages.append({**person, "id": f"page {number}", "url": f"https://example.com/?utm_source=s{number % 3}"})
        if number % 2:
            tracks.append({**person, "id": f"track {number}", "event": "signed_up", "user_id": f"user {number}"})
    return {"pages": pages, "tracks": tracks}


class Installed:
    """The copy in `folder`/project, on `database`; people and tests may edit its files. reporting: with that folder's models."""

    def __init__(self, database, folder: Path, reporting: bool = False):
        self.database, self.root, self.elsewhere = database, folder / "project", folder / "elsewhere"
        self.forks = self.loaded = None
        for made in (self.root, self.elsewhere):
            made.mkdir()
        kept = (SOURCES, *(("reporting",) if reporting else ()))
        for name in COPIED:
            if (ROOT / name).is_dir():
                # Descriptions and tests of models take dbt a while to read, and the marts a while to make.
                shutil.copytree(ROOT / name, self.root / name, ignore=lambda _, names: [
                    n for n in names if name == "models" and n not in kept and (n.endswith(".yml") or n == "reporting")])
            else:
                shutil.copy(ROOT / name, self.root / name)

    def refresh(self, *arguments, environment=None, login=None, **variables) -> subprocess.CompletedProcess:
        """Run scripts/refresh.py from another folder; its output as text. Keywords are dbt variables.

        A process with the project loaded runs it, unless that was edited since, or the environment is another one. login:
        variables by which it connects to the same database as somebody else.
        """
        text = [] if "--log-format" in arguments else ["--log-format", "text"]  # the environment may say otherwise
        if not (self.forks or environment):
            self.forks = Forks(self.database, self.elsewhere.parent, {}, self.root / "scripts", self.elsewhere)
            self.loaded = self.surroundings()
            weakref.finalize(self, self.forks.close)
        if not environment and self.loaded == self.surroundings():
            given = [*arguments, *text, *as_option(variables)]
            ended = self.forks.refresh(*given, environment=login)
            return subprocess.CompletedProcess(given, ended.code, ended.stdout, ended.stderr)
        process = self.start(*arguments, *text, environment={**(environment or {}), **(login or {})}, **variables)
        try:
            stdout, stderr = process.communicate(timeout=TIME_LIMIT)
        finally:
            process.kill()  # it has ended, unless the time is over
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def start(self, *arguments, environment=None, **variables) -> subprocess.Popen:
        """As refresh, without waiting for its end; by default it writes a line in JSON for whatever happens."""
        target = [] if "--target" in arguments else ["--target", self.database.target]
        target += [] if "--log-format" in arguments else ["--log-format", "json"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
        return subprocess.Popen(
            [sys.executable, str(self.root / "scripts/refresh.py"), *target, *as_option(variables), *arguments],
            cwd=self.elsewhere, env={**kept, **self.database.environment, **(environment or {})},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def surroundings(self):
        """What a process with the project loaded does not see change: files that dbt parses, and variables."""
        folders = [self.root / name for name in COPIED if name != "scripts"]
        found = (path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*.*")))
        return {path: path.suffix == ".csv" or path.read_bytes() for path in found}, environment_with(self.database)

    def receive(self, messages: dict[str, list[dict]]):
        """Add raw rows to the source tables."""
        for collection, rows in messages.items():
            self.database.load(collection, rows)

    def contents(self) -> dict[str, list[str]]:
        """schema.table -> all rows in a fixed order, of everything that a refresh writes."""
        with self.database.connected():
            tables = self.database.query(
                "select table_schema, table_name from information_schema.tables where table_schema not in "
                "('information_schema', 'pg_catalog', 'segment', 'main', 'public')")
            names = sorted(f'{row["table_schema"]}.{row["table_name"]}' for row in tables)
            return {name: sorted(map(repr, self.database.fetch(name))) for name in names}

    @contextmanager
    def edited(self, name: str, old: str, new: str):
        """A file of the project with one text replaced by another for a while."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")


def as_option(variables: dict) -> list[str]:
    """Arguments that set these dbt variables."""
    return ["--vars", str(variables)] if variables else []


def assert_refused(outcome: subprocess.CompletedProcess, *words: str, exit_code: int = 2):
    """The refresh failed with one sentence on stderr that holds these words."""
    lines = outcome.stderr.splitlines()
    assert outcome.returncode == exit_code, outcome.stdout + outcome.stderr
    assert len(lines) == 1 and "Traceback" not in outcome.stderr, outcome.stderr
    for word in words:
        assert word in lines[0]
    # What is wrong, a colon, what to do, a full stop.
    assert ": " in lines[0] and lines[0].endswith((".", "?")) and ".." not in lines[0], lines[0]


def assert_succeeded(outcome: subprocess.CompletedProcess):
    """The refresh succeeded and complained of nothing."""
    assert outcome.returncode == 0 and not outcome.stderr, outcome.stdout + outcome.stderr
