"""`dbt build` alone, without the runner: all tables, all of the project's own tests, unit tests, and comments in the database."""

from harness import as_vars
from oracle import Settings
from samples import together

SITE = Settings(own_domains=("example.com",), ignored_events=("invoice_paid", "email_delivered"))


def test_build_from_scratch_and_again(engine, small_sample_days):
    middle = len(small_sample_days) // 2
    for loads in (small_sample_days[:middle], small_sample_days[middle:]):
        engine.receive(together(loads))
        outcome = engine.project.run("build", vars=as_vars(SITE), reporting=True)
        assert outcome.success, outcome.error
        kinds = {name.split("_")[0] for name, status in outcome.statuses.items() if status in ("pass", "success")}
        assert {"unique", "attribution", "assert"} <= kinds


COMMENTS = {
    "duckdb": (
        "select schema_name || '.' || table_name as name, comment from duckdb_tables() where not internal",
        "select table_name || '.' || column_name as name, comment from duckdb_columns() where not internal and schema_name != 'this_batch'",
    ),
    "postgres": (
        "select oid::regclass::text as name, obj_description(oid, 'pg_class') as comment from pg_class where relkind in ('r', 'p')",
        "select relname || '.' || attname as name, col_description(oid, attnum) as comment "
        "from pg_class join pg_attribute on attrelid = oid where relkind in ('r', 'p') and attnum > 0 "
        "and relnamespace != 'this_batch'::regnamespace",
    ),
}


def comments(engine):
    """Tables, as schema.table, and columns, as table.column -> comment in the database."""
    return {row["name"]: row["comment"] for query in COMMENTS[engine.name] for row in engine.database.query(query)}


def test_comments_are_written_when_the_text_changed(engine, small_sample_days):
    engine.receive(small_sample_days[0])
    engine.refresh()
    assert comments(engine)["sessions.all_sessions"].startswith("One row per session")
    assert comments(engine)["all_sessions.session_id"]
    for table in ("sessions.all_sessions", "sessions.attribution"):
        engine.database.execute(f"comment on table {table} is 'of somebody else'")
        engine.database.execute(f"comment on column {table}.alias_id is null")
    # as after an edit of its description
    engine.database.execute("update refresh.models set documentation = '' where model = 'attribution'")
    engine.refresh()
    found = comments(engine)
    assert found["sessions.attribution"].startswith("One row per") and found["attribution.alias_id"]
    assert found["sessions.all_sessions"] == "of somebody else" and found["all_sessions.alias_id"] is None
    engine.refresh(full_refresh=True)
    assert comments(engine)["sessions.all_sessions"].startswith("One row per session")
    assert comments(engine)["all_sessions.alias_id"]
