"""Edited models: a refresh says which stored rows were built from an older text, and finishes a full refresh of them that was begun."""

from database.dbt_commands import run_dbt
from installed import visits
from project import environment
from refreshing.report import FINISHES, NOTE
from test_analysts import edited

TOUCHES = {"touches": ("evidence_classes.is_direct,", "true as is_direct,")}
BROKEN = {"batch_sessions": ("select * from batch_sessions", "select * from no_such_table")}
EXTRA = {"batch_sessions": ("select * from batch_sessions", "select *, 1 as extra from batch_sessions")}
FINISHED = "An earlier full refresh did not finish. This run finishes it: {} tables are left."


def build(engine, *arguments):
    """A refresh by dbt in this process: what it says, and what went wrong."""
    said, project = [], engine.project

    def listen(event):
        if event.info.name == "JinjaLogInfo" and event.data.msg.startswith(NOTE):
            said.append(event.data.msg.removeprefix(NOTE))

    arguments = ("--exclude", "path:models/reporting", "resource_type:test", "resource_type:unit_test", "resource_type:seed", *arguments)
    with environment(engine.database.environment):
        outcome = run_dbt(project.command("build", *arguments), listen, project.manifest())
    return said, "\n".join(str(node.message) for node in outcome.result.results if str(node.status) == "error")


def is_direct(engine):
    return {row["is_direct"] for row in engine.fetch("sessions.all_sessions", "is_direct")}


def test_an_edited_model_is_said_and_its_full_refresh_finished(duckdb_engine):
    engine, older = duckdb_engine, "edited: stored rows are unchanged; --full-refresh"
    for first in (0, 4):
        engine.receive(visits(4, first=first))
        engine.refresh()
    with edited(engine.project, TOUCHES):
        passing = ("--vars", "{pass_through_columns: [plan]}")
        assert build(engine, *passing) == ([f"app_tracks, touches were {older} recomputes them."], "")
        assert build(engine) == ([f"touches was {older} --select touches+ recomputes them."], "")
        assert is_direct(engine) == {False}
        # what only refuses leaves nothing to do
        said, error = build(engine, "--full-refresh", "--select", "device_sessions")
        assert said == [] and "device_sessions has to be rebuilt" in error
    # it dies when touches are done; the rest is left to the next refresh
    with edited(engine.project, {**TOUCHES, **BROKEN}):
        assert "no_such_table" in build(engine, "--full-refresh", "--select", "touches+")[1]
    with edited(engine.project, {**TOUCHES, **EXTRA}):
        said, error = build(engine)
        assert said == [FINISHED.format(4)] and (
            "all_sessions has an enforced contract that failed: its SQL gives extra INTEGER where "
            "models/sessions/_sessions__models.yml promises no such column: make them agree") in error
    with edited(engine.project, TOUCHES):
        assert build(engine) == ([FINISHED.format(2), FINISHES], "") and is_direct(engine) == {True}
