"""The plan of a refresh, made before anything runs: options in, a dbt command out.

Nothing here reads a file or a database; names of variables and targets are handed in.
"""

import difflib
import json
import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime

import yaml

from escaping import escaped

BAD_INPUT = 2  # exit code: wrong input, no connection, or a locked file; nothing was changed
MODEL_FAILED = 1  # exit code: a table could not be made; the next refresh continues there
LOCKED_OUT = 3  # exit code: another refresh of the same database is running
RETRY_SECONDS = 2 * 3600
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86400}
KINDS = {(int, float): "a number", list: "a list such as [a, b]", dict: "names with values such as {a: b}"}


class RefreshError(Exception):
    """Ends the refresh: one sentence that says what to do, and the exit code.

    is_transient: a retry may succeed. is_refused: the request makes no sense, so the tables are as good as before. failed: model -> why
    it failed, in the database's words; skipped: models that were not tried because of that.
    """

    def __init__(self, sentence: str, exit_code: int = BAD_INPUT, is_transient=False, failed=None, skipped=(), is_refused=False):
        super().__init__(escaped(sentence))
        self.exit_code, self.is_transient, self.is_refused = exit_code, is_transient, is_refused
        self.failed, self.skipped = dict(failed or {}), tuple(skipped)


@dataclass(frozen=True)
class Profile:
    """A profile of dbt: its name, and the folder of its profiles.yml, '' for that of the project."""

    name: str = "signup_attribution"
    folder: str = ""


@dataclass(frozen=True)
class Plan:
    """A refresh as requested.

    target: name of the connection in the profile; vars: values that replace those in dbt_project.yml;
    select: models in dbt's selection syntax, none for all of them; retry_for: seconds for which a model that fails
    temporarily is retried; wait: seconds to wait at most for another refresh to end.
    """

    target: str
    vars: dict = field(default_factory=dict)
    full_refresh: bool = False
    select: tuple[str, ...] = ()
    retry_for: float = RETRY_SECONDS
    wait: float = 0
    profile: Profile = Profile()


def known_target(name: str, names) -> str:
    """The name of a target, if it is among these names. Raises RefreshError."""
    if name not in names:
        raise RefreshError(f"There is no target {name}: choose {' or '.join(names)}.")
    return name


def make_plan(
    target, variables=None, since=None, full_refresh=False, select=(), retry_for=None, wait=None, sample=None, *,
    targets, defaults, profile=Profile(),
) -> Plan:
    """The plan for these options.

    variables: as read_variables gives them; since: a text YYYY-MM-DD; sample: a text such as 1%; targets: the names that
    exist; defaults: variable -> value, of all there are. Raises RefreshError for a name that does not exist, a variable
    of another kind than its default, or a text that is no date or no percentage.
    """
    known_target(target, targets)
    values = dict(variables or {})
    for name, value in values.items():
        if name not in defaults:
            close = difflib.get_close_matches(str(name), list(defaults), n=1)
            hint = f"did you mean {close[0]}?" if close else f"those it has are {', '.join(sorted(defaults))}."
            raise RefreshError(f"The project has no variable {name}: {hint}")
        # dbt stops at these without naming the variable; the project checks everything else about values.
        for kind, words in KINDS.items():
            if is_kind(defaults[name], kind) and not is_kind(value, kind):
                raise RefreshError(f"{name} must be {words}, not {json.dumps(value, default=str)}: correct it.")
    if since is not None:
        values["since"] = read_date(since).isoformat()
    if sample is not None:
        values["sample"] = read_percentage(sample)
    return Plan(
        target, values, full_refresh, tuple(select),
        RETRY_SECONDS if retry_for is None else read_duration(retry_for, "--retry-for"),
        0 if wait is None else read_duration(wait, "--wait"),
        profile,
    )


def is_kind(value, kind) -> bool:
    """Whether a value is of one of the kinds; booleans are not numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def read_date(text: str) -> date:
    """The date that YYYY-MM-DD names. Raises RefreshError."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise RefreshError(f"--since must be a date such as 2026-01-31, not '{text}': correct it.")
    return found


def read_percentage(text: str) -> float:
    """The number of a percentage such as 1% or 0.5%. Raises RefreshError."""
    found = re.fullmatch(r"(\d{1,3}(\.\d{1,6})?) ?%?", text.strip())
    if not found or not 0 < float(found[1]) <= 100:
        raise RefreshError(f"--sample must be a percentage such as 1%, not '{text}': correct it.")
    return float(found[1])


def read_duration(text: str, option: str) -> float:
    """Seconds of a duration such as 90s, 15m, 2h or 1d; `forever` has no end. Raises RefreshError."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip().lower())
    if text.strip().lower() == "forever":
        return math.inf
    if not found:
        raise RefreshError(f"{option} must be a duration such as 90s, 15m or 2h, not '{text}': correct it.")
    return int(found[1]) * SECONDS_OF[found[2]]


def read_variables(text: str, origin: str = "--vars") -> dict:
    """Variables from YAML text, name -> value. `origin` names the text in the error. Raises RefreshError."""
    advice = "write it as YAML, such as '{session_gap_minutes: 30}', or name a YAML file."
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = " ".join((getattr(error, "problem", None) or "it is not valid YAML").split())
        raise RefreshError(f"{origin} cannot be read ({problem}): {advice}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise RefreshError(f"{origin} must name variables and their values: {advice}")
    return values


def build_arguments(plan: Plan, root: str, only: tuple[str, ...] = ()) -> list[str]:
    """Arguments of the dbt command that refreshes: seeds and models, no tests. only: names of those that are left to do."""
    select = only or plan.select
    return [
        "build", "--resource-type", "seed", "--resource-type", "model", *target_arguments(plan, root),
        *(["--full-refresh"] if plan.full_refresh else []),
        *(["--select", *select] if select else []),
        # Otherwise a selection that matches nothing would succeed.
        "--warn-error-options", '{"error": ["NoNodesForSelectionCriteria"]}',
    ]


def target_arguments(plan: Plan, root: str) -> list[str]:
    """Arguments of any dbt command on the project with the plan's target and variables."""
    return [
        "--project-dir", root, "--profiles-dir", plan.profile.folder or root,
        "--profile", plan.profile.name, "--target", plan.target,
        *(["--vars", json.dumps(plan.vars, default=str)] if plan.vars else []),
        # Nothing on the console: the log file has everything. Writing artefacts that nobody reads would take a second.
        "--quiet", "--no-print", "--log-level", "none", "--log-level-file", "debug", "--no-write-json",
    ]
