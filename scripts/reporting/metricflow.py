"""What MetricFlow's command line mf needs to answer for the project as it is now, and what is done with its answer.

mf alone knows only the default target, and what dbt parsed last: so the project is parsed first, into a temporary folder from which
mf reads it.
"""

import csv
import json
import re
import shutil
from pathlib import Path

import yaml

from common.errors import RefreshError
from common.project import ROOT, Profile
from database.dbt_commands import run_dbt
from database.errors import first_line
from database.profiles import read_profile
from database.target import find_target

FORMULA = re.compile(r"\s*[=+@\t\r-]")
NUMBER = re.compile(r"[+-]?\d+([.]\d+)?([eE][+-]?\d+)?")


def prepare(folder: Path, target: str | None, variables: dict, profile: Profile = Profile()) -> None:
    """Put into the folder what mf reads of a project: settings, a profile with this default target, the parsed metrics.

    Raises RefreshError when there is no such target, or the project cannot be parsed.
    """
    _, outputs = read_profile(profile)
    # Under the name that dbt_project.yml gives it, which is all that mf knows.
    found = find_target(target, profile)
    if found.file and not found.file.exists():  # which mf would create
        outputs[found.name] = {**outputs[found.name], "path": ":memory:"}
    profiles = {Profile().name: {"target": found.name, "outputs": outputs}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    shutil.copy(ROOT / "dbt_project.yml", folder)
    outcome = run_dbt([
        "parse", "--project-dir", str(ROOT), "--profiles-dir", str(folder), "--target-path", str(folder / "target"),
        "--log-path", str(folder / "logs"), "--vars", json.dumps(variables, default=str),
        "--quiet", "--log-level", "none",
    ])
    if not outcome.success:
        raise RefreshError(f"The project cannot be parsed ({first_line(outcome.exception)}): correct it.")


def values_of(option: str, arguments) -> list[str]:
    """What follows an option of mf."""
    words = [word for argument in arguments for word in (argument.split("=", 1) if argument.startswith(f"{option}=") else [argument])]
    return [word for before, word in zip(words, words[1:]) if before == option]


def in_order_of_time(arguments) -> list[str]:
    """The option that sorts the answer by time, if it is by time and no order was asked for."""
    times = [name for names in values_of("--group-by", arguments) for name in names.split(",") if name.startswith("metric_time")]
    is_ordered = any(argument.startswith("--order") for argument in arguments)
    return ["--order", times[0]] if times and not is_ordered and arguments[0] == "query" else []


def needs_tables(arguments) -> bool:
    """Whether mf will read tables for this."""
    return arguments[0] == "query" and not {"--explain", "--help"} & {*arguments}


def csv_files(arguments) -> list[Path]:
    """The files that mf was told to write a table to."""
    return [Path(path) for path in values_of("--csv", arguments)]


def disarm(path: Path):
    """Put an apostrophe before the values of a CSV file that a spreadsheet would run as a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = [[f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value for value in row] for row in csv.reader(file)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
