"""The project's folder, and the files in it that every command reads."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import yaml

from common.errors import RefreshError

FILE_VARIABLE, DEFAULT_FILE = "SIGNUP_ATTRIBUTION_VARS", "my_site.yml"

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Profile:
    """A dbt profile: its name, and the folder of its profiles.yml, '' for the project's."""

    name: str = "signup_attribution"
    folder: str = ""


def known_target(name: str, names) -> str:
    """The name of a target, if it is among these names. Raises RefreshError."""
    if name not in names:
        raise RefreshError(f"There is no target {name}: choose {' or '.join(names)}.")
    return name


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


def default_variables() -> dict:
    """The variables in dbt_project.yml. Raises RefreshError."""
    return read_file(ROOT / "dbt_project.yml", "restore it").get("vars") or {}


def variables_file() -> Path:
    """The file of variables that every script reads: my_site.yml in the project's folder, unless the environment names another, or none."""
    return ROOT / os.environ.get(FILE_VARIABLE, DEFAULT_FILE)


def read_variables_option(text: str | None = None) -> dict:
    """The variables in force with this value of --vars: YAML text, or the path of a YAML file. Raises RefreshError."""
    if text and Path(text).suffix in (".yml", ".yaml", ".json") and "\n" not in text and "{" not in text:
        return read_file(Path(text), "correct the path after --vars")
    path = variables_file()
    is_named = bool(os.environ.get(FILE_VARIABLE))
    kept = read_file(path, f"correct {FILE_VARIABLE}" if is_named else "correct it") if is_named or path.is_file() else {}
    return {**kept, **(read_variables(text) if text else {})}


def read_file(path: Path, advice: str) -> dict:
    """A mapping from a YAML file; advice: what to do if it cannot be read. Raises RefreshError."""
    return read_variables(read_text(path, advice), str(shown(path)))


def read_text(path: Path, advice: str) -> str:
    """The text of a file, with or without a byte order mark; advice: what to do if it cannot be read. Raises RefreshError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RefreshError(f"The file {path} cannot be read ({error.strerror}): {advice}.") from error
    except UnicodeDecodeError as error:
        raise RefreshError(f"The file {path} cannot be read (it is not UTF-8): {advice}.") from error


def shown(path: Path) -> Path:
    """A path as typed from the project's folder."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def read_queries(path: Path) -> SimpleNamespace:
    """The queries of an SQL file, each below a line `-- query: its name`, as attributes."""
    text = path.read_text(encoding="utf-8")
    return SimpleNamespace(**dict(re.findall(r"^-- query: (\w+)\n(.*?)(?=^-- query: |\Z)", text, re.MULTILINE | re.DOTALL)))
