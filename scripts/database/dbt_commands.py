"""dbt, run in this process: its commands, and what it reports when it fails as one sentence that says what to do."""

import gc
import json
import re

from common.errors import BAD_INPUT, MODEL_FAILED, RefreshError
from common.plan import Plan
from database.errors import DISK_FULL, LOCKED, NOT_REACHED, disk_sentence, first_line, is_transient, known_sentence
from database.target import log_file

FAILED = ("error", "fail", "runtime error")  # statuses of nodes
# Macros that refuse variables because they make no sense, in themselves or for the stored tables.
REFUSED = re.compile("> called by macro (check_variables|check_settings|check_full_refresh|check_invocation|check_as_package) ")
# Up to 1.11, which is locked, dbt says only in these events, not in an operation's result, why it failed.
OPERATION_FAILED = ("RunningOperationCaughtError", "RunningOperationUncaughtError")
CONTRACT_ROW = re.compile(r"^\s*\|\s*(?!column_name\b)(\w+)\s*\|\s*([^|\n]*?)\s*\|\s*([^|\n]*?)\s*\|[^|\n]*\|\s*$", re.MULTILINE)


def build_arguments(plan: Plan, root: str, only: tuple[str, ...] = ()) -> list[str]:
    """Arguments of the dbt command that refreshes: seeds and models, no tests. only: names of those left to do."""
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


def failure(exception, results, log, causes=None) -> RefreshError:
    """Why a dbt command failed.

    exception: what ended the command, or None; results: its nodes, some of which failed; causes: name of a node -> traceback,
    where known; log: where the details are, for failures of a kind unknown here.
    """
    failed = [node for node in results if str(node.status) in FAILED]
    texts = [str(exception or ""), *(str(node.message) for node in failed), *(causes or {}).values()]
    if full := next(filter(DISK_FULL.search, texts), None):  # what fails after it says less
        return RefreshError(disk_sentence(full), MODEL_FAILED if failed else BAD_INPUT, **what_is_left(results))
    if exception is not None or not failed or not hasattr(failed[0], "node"):  # a macro run on its own is not a node
        text = str(exception or (failed[0].message if failed else None) or "dbt gave no reason")
        sentence = known_sentence(text) or f"dbt cannot run the project: {first_line(text)}: correct this; details are in {log}."
        return RefreshError(sentence, BAD_INPUT, is_transient(text), is_refused=bool(REFUSED.search(text)))
    permanent = [node for node in failed if not is_transient(str(node.message), (causes or {}).get(node.node.name, ""))]
    first = (permanent or failed)[0]
    text = str(first.message or "no reason given")
    known = known_sentence(text) or contract_sentence(text, first.node)
    about = {"is_transient": not permanent, "is_refused": bool(REFUSED.search(text)), **what_is_left(results)}
    if known:
        in_hook = not is_table(first) or LOCKED.search(text) or NOT_REACHED.search(text)
        return RefreshError(known, BAD_INPUT if in_hook else MODEL_FAILED, **about)
    others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return RefreshError(
        f"{first.node.name}{others} failed: {first_line(text)}: correct this and run again, "
        f"the refresh continues where it stopped; details are in {log}.", MODEL_FAILED, **about)


def what_is_left(results) -> dict:
    """The tables that failed, and those that were therefore not tried."""
    tables = [node for node in results if hasattr(node, "node") and is_table(node)]
    return {
        "failed": {node.node.name: first_line(str(node.message)) for node in tables if str(node.status) in FAILED},
        "skipped": [node.node.name for node in tables if str(node.status) == "skipped"],
    }


def is_table(node) -> bool:
    """Whether a node builds a table rather than being a hook."""
    return str(node.node.resource_type) != "operation"


def contract_sentence(text: str, node) -> str | None:
    """The sentence for a model whose columns are not those of its contract, from the table of differences that dbt prints."""
    if "enforced contract that failed" not in text:
        return None
    has, wants = [], []
    for column, given, promised in CONTRACT_ROW.findall(text):
        has += [f"{column} {given}"] if given else []
        wants += [f"{column} {promised}"] if promised else []
    file = str(node.patch_path or "its YAML").rpartition("://")[2]
    return (f"{node.name} has an enforced contract that failed: its SQL gives {', '.join(has) or 'no such column'} where {file} "
            f"promises {', '.join(wants) or 'no such column'}: make them agree.")


def run_dbt(arguments: list[str], on_event=None, manifest=None):
    """Run one dbt command in this process and return its outcome. Afterwards no database file is held open.

    on_event: called with each event. manifest: the project as dbt parsed it before, to save parsing it again.
    """
    # Importing these takes two seconds: wrong options are refused without it.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    collects = gc.isenabled()
    gc.disable()  # collection takes a tenth of the time, and would free only some 50 MB before the command ends
    try:
        return dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else []).invoke(arguments)
    finally:
        # dbt's one connection would stay open and keep everybody else out of the file: dbt only forgets it, which does
        # not close it while the traceback of an error still refers to it.
        if DuckDBConnectionManager._ENV:
            DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
        if collects:
            gc.enable()


def execute(arguments: list[str], on_event=None):
    """Run one dbt command; its result. Raises RefreshError, KeyboardInterrupt.

    Everything that a refresh does to tables passes through here. on_event may have `causes`: node -> traceback of its failure.
    """
    reasons = []

    def listen(event):
        if event.info.name in OPERATION_FAILED:
            reasons.append(event.data.exc)
        if on_event:
            on_event(event)

    outcome = run_dbt(arguments, listen)
    if isinstance(outcome.exception, (KeyboardInterrupt, SystemExit)):
        raise KeyboardInterrupt
    if not outcome.success:
        results = getattr(outcome.result, "results", None) or []
        raise failure(outcome.exception or next(iter(reasons), None), results, log_file(), getattr(on_event, "causes", None))
    return outcome.result
