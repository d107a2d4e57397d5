"""The plan of a refresh, made before anything runs: options in, a dbt command out.

Nothing here reads a file or a database; names of variables and targets are passed in.
"""

import difflib
import json
import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime

from common.errors import RefreshError
from common.project import Profile, known_target

RETRY_SECONDS = 2 * 3600
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86400}
KINDS = {(int, float): "a number", list: "a list such as [a, b]", dict: "names with values such as {a: b}"}


@dataclass(frozen=True)
class Plan:
    """A refresh as requested.

    target: name of the connection in the profile; vars: values that replace those in dbt_project.yml;
    select: models in dbt's selection syntax, empty for all; retry_for: seconds for which a model that fails
    temporarily is retried; wait: seconds to wait at most for another refresh to end.
    """

    target: str
    vars: dict = field(default_factory=dict)
    full_refresh: bool = False
    select: tuple[str, ...] = ()
    retry_for: float = RETRY_SECONDS
    wait: float = 0
    profile: Profile = Profile()


def make_plan(
    target, variables=None, since=None, full_refresh=False, select=(), retry_for=None, wait=None, sample=None, *,
    targets, defaults, profile=Profile(),
) -> Plan:
    """The plan for these options.

    variables: as read_variables gives them; since: a text YYYY-MM-DD; sample: a text such as 1%; targets: the names that
    exist; defaults: every variable -> its default. Raises RefreshError for an unknown name, a variable of another kind
    than its default, or a text that is not a date or a percentage.
    """
    known_target(target, targets)
    values = dict(variables or {})
    for name, value in values.items():
        if name not in defaults:
            close = difflib.get_close_matches(str(name), list(defaults), n=1)
            hint = f"did you mean {close[0]}?" if close else f"its variables are {', '.join(sorted(defaults))}."
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
