"""A refresh leaves unchanged views and seeds alone, and recreates changed ones."""

from conftest import on_duckdb
from project import ROOT

ANSWERS = ROOT / "seeds" / "survey_answers.csv"
BY_HAND = "of somebody else"
COMMENT = {
    "duckdb": "select comment from duckdb_views() where view_name = '{}'",
    "postgres": "select obj_description(to_regclass('reporting.{}'), 'pg_class') as comment",
}


def build(engine, *arguments, **variables):
    """What the runner has dbt do, seeds and marts too."""
    outcome = engine.project.run("build", "--exclude-resource-types", "test", "unit_test", *arguments, vars=variables, reporting=True)
    assert outcome.success, outcome.error


def comment(engine, view):
    return engine.database.query(COMMENT[engine.name].format(view))[0]["comment"]


def mark(engine, *views):
    """Mark the views with a comment that is gone once they are recreated."""
    for view in views:
        engine.database.execute(f"comment on view reporting.{view} is '{BY_HAND}'")


def test_views(engine, small_sample_days):
    engine.receive(small_sample_days[0])
    build(engine)
    views = ("report_days", "touch_credits", "performance_entries", "channel_performance")
    assert all(comment(engine, view).startswith("One row per") for view in views)
    if engine.name == "postgres":
        engine.database.execute("create view public.paid as select * from reporting.touch_credits")
    mark(engine, *views)
    engine.receive(small_sample_days[1])
    build(engine)
    assert [comment(engine, view) for view in views] == [BY_HAND] * 4
    if engine.name == "postgres":
        assert engine.database.query("select * from public.paid") == engine.database.query("select * from reporting.touch_credits")
        engine.database.execute("drop view public.paid")

    # another time zone: only the views that name it, and those that read them
    build(engine, report_timezone="Asia/Tokyo")
    assert [comment(engine, view) == BY_HAND for view in views] == [False, True, False, False]
    mark(engine, *views)
    engine.database.execute("drop view reporting.channel_performance; update refresh.definitions set definition = '' where name = 'report_days'")
    # and a table gets its description again, so those that read it are compared with the new one
    engine.database.execute("update refresh.models set documentation = '' where model = 'path_credits'")
    build(engine, report_timezone="Asia/Tokyo")
    assert [comment(engine, view) == BY_HAND for view in views] == [False, True, True, False]
    # what they read is rebuilt
    mark(engine, *views)
    engine.database.execute("update refresh.models set is_rebuild_due = true where model = 'path_credits'")
    build(engine, report_timezone="Asia/Tokyo")
    assert [comment(engine, view) == BY_HAND for view in views] == [True, False, False, False]
    mark(engine, *views)
    build(engine, "--full-refresh", report_timezone="Asia/Tokyo")
    assert BY_HAND not in [comment(engine, view) for view in views]


@on_duckdb
def test_seeds(engine, small_sample_days):
    def answers():
        return engine.database.query("select count(*) as n from seeds.survey_answers")[0]["n"]

    engine.receive(small_sample_days[0])
    all_of_them = len(ANSWERS.read_text(encoding="utf-8").splitlines()) - 1
    engine.project.run("build", "--select", "survey_answers", reporting=True)
    assert answers() == all_of_them
    # nothing can be kept before the first refresh, and then it is
    build(engine)
    engine.database.execute("delete from seeds.survey_answers")
    build(engine)
    assert answers() == 0
    engine.project.run("seed", "--select", "survey_answers", reporting=True)
    assert answers() == 0
    # as after an edit of the file
    engine.database.execute("update refresh.definitions set definition = '' where name = 'survey_answers'")
    engine.project.run("seed", "--select", "survey_answers", reporting=True)
    assert answers() == all_of_them
    engine.database.execute("delete from seeds.survey_answers")
    build(engine)
    assert answers() == 0
    build(engine, "--full-refresh")
    assert answers() == all_of_them
