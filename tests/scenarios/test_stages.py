"""A refresh run stage by stage, as a scheduler does it, gives the same tables as one refresh."""

import ast
import shutil
from datetime import timedelta

from engines import DuckDB
from installed import STARTED, Installed, assert_succeeded, visits
from project import ROOT

DAG = ROOT / "deploy/airflow/signup_attribution_dag.py"

# What the last refresh left for the models that read it, and for the next refresh.
KEPT = {"partitioning.schema_changes", "reporting.channel_totals_as_of"}  # the latter tells when each batch was published


def constant(name):
    """What the Airflow example says; Airflow is not installed to import it."""
    for statement in ast.parse(DAG.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"{DAG} has no {name}")


def stages() -> dict[str, str]:
    """Stage -> selection, in order."""
    return constant("STAGES")


def refresh(site, *runs: list[str]):
    """Run scripts/refresh.py with each of the lists of arguments, in order; all must succeed."""
    for run in runs:
        assert_succeeded(site.refresh(*run, "--quiet"))


def contents(site) -> dict[str, list[str]]:
    """schema.table -> its rows without the numbers of batches, of all tables but those kept for the next refresh."""
    def written(row) -> str:
        return repr([value for column, value in row.items() if not column.endswith("batch_id")])

    tables = site.database.query("select table_schema || '.' || table_name as name from information_schema.tables "
                                 "where table_schema not in ('segment', 'refresh', 'this_batch', 'information_schema', 'main')")
    names = {table["name"] for table in tables} - KEPT
    with site.database.connected():
        return {name: sorted(map(written, site.database.fetch(name))) for name in names}


def test_stages_are_all_folders():
    made = {path.parent.name for path in (ROOT / "models").glob("*/*.sql")} - {"staging", "this_batch"}
    assert set(stages()) == made | {"seeds"}


def test_stage_by_stage(tmp_path):
    """New messages of known and other people: in one refresh, stage by stage, and with the messages rebuilt."""
    for name in ("once", "staged"):
        (tmp_path / name).mkdir()
    once, staged = (Installed(DuckDB(tmp_path / name), tmp_path / name, reporting=True) for name in ("once", "staged"))
    once.receive(visits(4))
    refresh(once, [])
    shutil.copy(once.database.path, staged.database.path)
    for site in (once, staged):
        site.receive(visits(4, first=4))
        later = {"timestamp": STARTED + timedelta(days=1), "received_at": STARTED + timedelta(days=1)}
        site.receive({"pages": [{**row, **later, "id": f"{row['id']} again"} for row in visits(4)["pages"]]})
    refresh(once, [])
    expected = contents(once)
    assert len(expected["sessions.attribution"]) == 4 and len(expected["sessions.all_sessions"]) == 12
    in_order = [["--select", selection] for selection in stages().values()]
    refresh(staged, *in_order)
    assert contents(staged) == expected
    rebuilt = constant("REBUILT")
    refresh(staged, *(
        [*run, "--full-refresh"] if stage in rebuilt else run for stage, run in zip(stages(), in_order)))
    assert contents(staged) == expected
