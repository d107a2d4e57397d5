"""Whether a refresh could run: what is fine, and how to fix what is not. Changes nothing in the database."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common.errors import RefreshError, escaped
from common.plan import Plan
from common.project import ROOT, read_queries
from database.dbt_commands import execute, target_arguments
from database.errors import first_line
from database.lock import REFRESH, queries as lock_queries
from database.published import PUBLISHED_VARIABLE, check_published, published_file
from database.target import DEFAULT_SCHEMAS, FOLDERS, Target, find_target, rows
from refreshing.options import channel_notes
from refreshing.seeds import COLUMNS, seed_problems

FILE_VARIABLE = "SIGNUP_ATTRIBUTION_DUCKDB"
FINDINGS = "refresh_check "  # prefix of the line in dbt's log that has what dbt found
FINE, LEFT = "as the project expects them", "as the last refresh left them, or can be rebuilt from what is stored"
# A rebuilt table exists beside the old one until it replaces it.
FREE_OF_SIZE, LEAST_FREE = 1.0, 2**30
queries = read_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Finding:
    """One line of the answer."""

    what: str
    is_fine: bool
    text: str


def check(plan: Plan) -> list[Finding]:
    """Everything that was found. Raises KeyboardInterrupt."""
    os.chdir(ROOT)
    found = list(seed_findings(ROOT / "seeds"))
    if all(one.is_fine for one in found):
        found += [Finding("channels", True, sentence) for sentence in channel_notes(plan)]
    try:
        target = find_target(plan.target, plan.profile, plan.vars, DEFAULT_SCHEMAS)
        check_published(target)
        if target.file and not target.file.exists():
            found += [*file_findings(target.file, target.schema("")),
                      Finding("connection", True, f"{target.file} does not exist yet: the first refresh creates it")]
            return found + findings_without_file(plan)
        with target.connected() as connection:
            found.append(Finding("connection", True, f"{target.name} ({target.engine})"))
            if target.engine == "postgres":
                found += server_findings(connection, target)
        if target.file:
            found += file_findings(target.file, target.schema(""))
        found += dbt_findings(plan)
    except RefreshError as error:
        found.append(Finding("connection", False, str(error)))
    return found


def seed_findings(folder: Path):
    """Yields what is wrong with the seeds."""
    for name in COLUMNS:
        problems = list(seed_problems(folder / f"{name}.csv"))
        yield from (Finding("seeds", False, problem) for problem in problems)
        if not problems:
            yield Finding("seeds", True, f"{name}.csv")


def findings_without_file(plan: Plan) -> list[Finding]:
    """What dbt can check before there is a DuckDB file. It would create one, so it gets a temporary one."""
    kept = os.environ.get(FILE_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FILE_VARIABLE] = f"{folder}/check.duckdb"
        try:
            if find_target(plan.target, plan.profile, plan.vars).file.parent != Path(folder).absolute():
                return [Finding("sources", True, "not checked, because the database's file does not exist yet")]
            return dbt_findings(plan, "--args", "{has_tables: false}")
        finally:
            if kept is None:
                del os.environ[FILE_VARIABLE]
            else:
                os.environ[FILE_VARIABLE] = kept


def dbt_findings(plan: Plan, *arguments: str) -> list[Finding]:
    """What dbt knows: variables, settings and sources. Raises RefreshError when it cannot run the project."""
    found = answer(plan, "check_refresh", *arguments)
    for what, text in (("variables", FINE), ("settings", FINE), ("names", "all names that the project uses are free or its own"), ("tables", LEFT)):
        if not any(one.what == what for one in found):
            found.append(Finding(what, True, text))
    return found


def audit(plan: Plan, since: str | None) -> list[Finding]:
    """The ids of the sources that the tables lack, of those loaded since a day or of all. Raises RefreshError, KeyboardInterrupt."""
    os.chdir(ROOT)
    target = find_target(plan.target, plan.profile, plan.vars, DEFAULT_SCHEMAS)
    if target.file and not target.file.exists():
        raise RefreshError("There are no tables yet: run a refresh first.")
    return answer(plan, "audit_sources", *(["--args", json.dumps({"since": since})] if since else []))


def answer(plan: Plan, operation: str, *arguments: str) -> list[Finding]:
    """What an operation of the project found. Raises RefreshError, KeyboardInterrupt."""
    found = []

    def listen(event):
        if event.info.name == "JinjaLogDebug" and event.data.msg.startswith(FINDINGS):
            found.extend(Finding(*one) for one in json.loads(event.data.msg.removeprefix(FINDINGS)))

    execute(["run-operation", operation, *arguments, *target_arguments(plan, str(ROOT))], listen)
    return found


def file_findings(file: Path, prefix: str = ""):
    """Yields findings about a DuckDB file and its surroundings. prefix: of our schemas' names."""
    folder, published = file.parent, published_file(file, prefix)
    made_by_dbt = Path(os.environ.get("DBT_TARGET_PATH", ROOT / "target")).absolute()
    for one, variable in ((folder, FILE_VARIABLE), (published and published.parent, PUBLISHED_VARIABLE)):
        if one and one != made_by_dbt and not one.is_dir():
            yield Finding("permissions", False, f"The folder {one} does not exist: create it, or correct {variable}.")
    if not folder.is_dir():
        return
    for path in (folder, *([file] if file.exists() else [])):
        may_write = os.access(path, os.W_OK)
        yield Finding("permissions", may_write, f"{path} is writable" if may_write else f"{path} is not writable: correct its permissions.")
    size = file.stat().st_size if file.exists() else 0
    yield disk_finding(folder, max(LEAST_FREE, FREE_OF_SIZE * size))


def disk_finding(folder: Path, needed: float) -> Finding:
    """Whether a folder has enough free space."""
    free = shutil.disk_usage(folder).free
    advice = "" if free >= needed else f": a rebuild needs about {needed / 2**30:,.1f} GB, so free some space."
    return Finding("disk", not advice, f"{free / 2**30:,.1f} GB free in {folder}{advice}")


def server_findings(connection, target: Target):
    """Yields findings about permissions, partitions, space and other refreshes on PostgreSQL."""
    user, database, may_create, may_make_temporary, size = rows(connection, queries.rights)[0]
    if not may_make_temporary:
        yield Finding("permissions", False, f"{user} may not create temporary tables: "
                      f"grant temporary on database {database} to {user}.")
    for folder in FOLDERS:
        schema = target.schema(folder)
        present = rows(connection, queries.schema_rights, [schema])
        if present == [(True,)] or (not present and may_create):
            yield Finding("permissions", True, f"{user} may {'write' if present else 'create'} the schema {schema}")
        else:
            grant = f"create, usage on schema {schema}" if present else f"create on database {database}"
            yield Finding("permissions", False, f"{user} may not write the schema {schema}: grant {grant} to {user}.")
    for schema, table in rows(connection, queries.tables_of_others, [[target.schema(folder) for folder in FOLDERS]]):
        yield Finding("permissions", False, f"{schema}.{table} belongs to another role: alter its owner to {user}.")
    partitioning = target.schema("partitioning")
    loose = rows(connection, queries.loose_months, [partitioning])
    for (name,) in loose:
        yield Finding("partitions", False, f"{partitioning}.{name} is not a partition of app_tracks but has the name of one: rename it.")
    if not loose:
        yield Finding("partitions", True, "no table has the name of a future month")
    yield Finding("disk", True, f"the database has {size / 2**30:,.2f} GB; a server does not say how much space is left")
    for _pid, holder, application, address in rows(connection, lock_queries.holders, [target.schema("refresh"), list(REFRESH)]):
        yield Finding("lock", True, f"{application} by {holder} from {address}: a refresh is running now")


def check_lines(found: list[Finding]) -> list[str]:
    """The findings as a table."""
    width = max((len(one.what) for one in found), default=0)
    return [f"{'fine' if one.is_fine else 'PROBLEM':<7}  {one.what:<{width}}  {escaped(first_line(one.text))}" for one in found]
