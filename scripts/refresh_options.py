"""What the command lines are told: options and files in, a plan out."""

import os
from pathlib import Path

from profiles import ROOT, read_profile
from refresh_plan import Plan, Profile, RefreshError, make_plan, read_variables
from seed_check import first_problem

FILE_VARIABLE, DEFAULT_FILE = "SIGNUP_ATTRIBUTION_VARS", "my_site.yml"


def plan_refresh(
    target=None, since=None, full_refresh=False, variables=None, select=(), retry_for=None, wait=None, sample=None,
    with_seeds=True, profile=Profile(),
) -> Plan:
    """The plan for the command line's options. Raises RefreshError for what is wrong with them or the seeds.

    with_seeds: whether the seeds are looked at too.
    """
    default_target, outputs = read_profile(profile)
    plan = make_plan(
        target or default_target, read_variables_option(variables), since, full_refresh, select, retry_for, wait,
        sample, targets=list(outputs), defaults=default_variables(), profile=profile,
    )
    problem = first_problem(ROOT / "seeds") if with_seeds else None
    if problem:
        raise RefreshError(problem)
    return plan


def default_variables() -> dict:
    """The variables in dbt_project.yml. Raises RefreshError."""
    return read_file(ROOT / "dbt_project.yml", "restore it").get("vars") or {}


def variables_file() -> Path:
    """Where the variables are that count for every command: my_site.yml in the project's folder, unless the environment names another."""
    return ROOT / os.environ.get(FILE_VARIABLE, DEFAULT_FILE)


def read_variables_option(text: str | None = None) -> dict:
    """The variables that count with this option --vars: YAML text, or the path of a YAML file. Raises RefreshError."""
    if text and Path(text).suffix in (".yml", ".yaml", ".json") and "\n" not in text and "{" not in text:
        return read_file(Path(text), "correct the path after --vars")
    path = variables_file()
    is_named = bool(os.environ.get(FILE_VARIABLE))
    kept = read_file(path, f"correct {FILE_VARIABLE}" if is_named else "correct it") if is_named or path.is_file() else {}
    return {**kept, **(read_variables(text) if text else {})}


def read_file(path: Path, advice: str) -> dict:
    """A mapping from a YAML file; advice: what to do where it cannot be read. Raises RefreshError."""
    try:
        return read_variables(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))
    except OSError as error:
        raise RefreshError(f"The file {path} cannot be read ({error.strerror}): {advice}.") from error
    except UnicodeDecodeError as error:
        raise RefreshError(f"The file {path} cannot be read (it is not UTF-8): {advice}.") from error
