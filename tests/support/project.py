"""Running the dbt project inside the test process."""

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest

from database.dbt_commands import run_dbt
from forks import Forks, apart
from parsed import Parsed
from refreshing.report import FINISHES, NOTE

ROOT = Path(__file__).parents[2]
REPORTING = "path:models/reporting"  # reads the published tables and changes none: only tests about it build it


@dataclass
class Outcome:
    """How a dbt run ended.

    statuses: name of each model and seed -> 'success', 'error' or 'skipped'.
    error: dbt's error messages, '' if there were none. notes: sentences for the user.
    """

    success: bool
    error: str = ""
    notes: list = field(default_factory=list)
    statuses: dict = field(default_factory=dict)


class Project:
    """The dbt project on one database. Everything dbt writes goes to `folder`, nothing into the project."""

    def __init__(self, database, folder: Path, is_served=False):
        """is_served: whether another process, which has the project loaded, runs the commands, unless something is different."""
        self.database, self.folder, self.is_served = database, folder, is_served
        self.parsed = self.edited = self.forks = self.loaded = None

    def run(self, command, *arguments, vars=None, reporting=False) -> Outcome:
        """Run a dbt command, such as 'build', with extra arguments and variables; reporting: also that folder's models."""
        arguments += ("--vars", json.dumps(vars)) if vars else ()
        arguments += () if reporting else ("--exclude", REPORTING)
        if self.is_served and not self.forks:
            self.forks, self.loaded = Forks(self.database, self.folder, apart(self.folder), ROOT / "scripts"), environment_with(self.database)
        if self.forks and not self.edited and self.loaded == environment_with(self.database):
            outcome = Outcome(**self.forks.run(*self.command(command, *arguments)))
        else:
            outcome = Outcome(**self.fields(command, *arguments))
        if any(Path(name).stem in outcome.statuses for name in seed_files()):
            self.database.loaded_seeds = None
        return outcome

    def invoke(self, *arguments, manifest=None, on_event=None):
        """What dbt returns of one command in the database's environment."""
        with environment(self.database.environment):
            return run_dbt(self.command(*arguments), on_event, manifest)

    def operate(self, operation: str, *arguments) -> tuple[bool, str]:
        """Whether a run-operation succeeded, and what dbt says of its failure: depending on its version in the result or in an event."""
        said = []
        outcome = self.invoke("run-operation", operation, *arguments, manifest=self.manifest(),
                              on_event=lambda event: said.append(getattr(event.data, "exc", "")))
        results = getattr(outcome.result, "results", None) or []
        return outcome.success, "\n".join(str(one) for one in (outcome.exception, *(result.message for result in results), *said) if one)

    def fields(self, *arguments) -> dict:
        """The fields of an Outcome for one command in the database's environment."""
        with environment(self.database.environment):
            return outcome_of(run_dbt, self.command(*arguments), self.manifest())

    def command(self, *arguments) -> list[str]:
        """A command of dbt on this project."""
        return [
            *arguments, "--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target", self.database.target,
            "--target-path", str(self.folder), "--log-path", str(self.folder / "logs"),
            "--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json",
        ]

    def manifest(self) -> Manifest:
        """The parsed project. dbt would parse it for each set of variables, but what comes out is the same for all."""
        if self.edited:
            return Manifest.from_msgpack(self.edited)
        if not self.parsed:
            with environment(self.database.environment):
                self.parsed = Parsed(run_dbt, ROOT, self.database.target)
        return self.parsed.manifest()

    def close(self):
        """End the process that has it loaded."""
        if self.forks:
            self.forks.close()

    def refresh(self, vars=None, full_refresh=False, since=None, select=None, check=True, reporting=False) -> Outcome:
        """Build seeds and models once, without the project's own tests.

        since: a date to read the sources from again; select: models in dbt's selection syntax; reporting: also that
        folder's models, which take a while and change no other table.
        Raises AssertionError if the run failed, unless check is false.
        """
        arguments = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        if full_refresh:
            arguments.append("--full-refresh")
        if select:
            arguments += ["--select", *([select] if isinstance(select, str) else select)]
        elif self.database.loaded_seeds == seed_files() and not full_refresh:
            arguments += ["--exclude-resource-type", "seed"]  # the same rows again would take a while
        variables = {**(vars or {}), **({"since": str(since)} if since else {})}
        outcome = self.run("build", *arguments, vars=variables, reporting=reporting)
        if outcome.success and FINISHES in outcome.notes and not select:  # as the runner does
            outcome = self.run("build", *arguments, vars=variables, reporting=reporting)
        if outcome.success and not select:
            self.database.loaded_seeds = seed_files()
        if check and not outcome.success:
            raise AssertionError(f"dbt build on {self.database.target} failed:\n{outcome.error}")
        return outcome


def outcome_of(run, arguments, manifest) -> dict:
    """The fields of an Outcome for a command of dbt. run: as run_dbt."""
    notes = []

    def listen(event):
        if event.info.name == "JinjaLogInfo" and event.data.msg.startswith(NOTE):
            notes.append(event.data.msg.removeprefix(NOTE))

    result = run(arguments, listen, manifest)
    nodes = list(getattr(result.result, "results", None) or [])
    failed = [f"{node.node.name}: {node.message}" for node in nodes if str(node.status) in ("error", "fail")]
    error = "\n".join(([str(result.exception)] if result.exception else []) + failed)
    return {"success": result.success, "error": error, "notes": notes, "statuses": {node.node.name: str(node.status) for node in nodes}}


def environment_with(database) -> dict[str, str]:
    """The variables of a process on the database."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}, **database.environment}


def seed_files() -> dict[str, bytes]:
    """Name -> contents of the project's seeds."""
    return {file.name: file.read_bytes() for file in (ROOT / "seeds").iterdir()}


@contextmanager
def environment(variables):
    """The process's environment variables changed for a while."""
    kept = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
