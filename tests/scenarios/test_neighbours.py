"""A database shared with others: their relations stay unchanged, and changes they make to ours are noticed."""

from harness import as_vars, assert_equal
from oracle import Settings

SITE = Settings(own_domains=("example.com",))
VARIABLES = as_vars(SITE)
# Relations at names of ours: schema.name -> kind, and the words that make it.
OF_OTHERS = {
    "reporting.journeys": ("table", "table {} as select 'theirs' as name"),
    "sessions.attribution": ("view", "view {} as select 'theirs' as name"),
    "sessions_stages.touches__dbt_backup": ("table", "table {} as select 'theirs' as name"),
    "partitioning.app_tracks_2031_01": ("table", "table {} as select 'theirs' as name"),
    "partitioning.app_tracks_2024_01_detached": ("table", "table {} as select 'theirs' as event_id"),
    "seeds.referrers": ("table", "table {} as select 'theirs' as host_pattern"),
    "refresh.settings": ("table", "table {} as select 'theirs' as name, 'x' as value"),
}
COMMENTS = {
    "duckdb": "select 'comment on table ' || schema_name || '.' || table_name || ' is null' as sql from duckdb_tables() where comment is not null "
              "union all select 'comment on view ' || schema_name || '.' || view_name || ' is null' from duckdb_views() where comment is not null",
    "postgres": "select format('comment on %s %s is null', case relkind when 'v' then 'view' else 'table' end, oid::regclass) as sql "
                "from pg_class where obj_description(oid, 'pg_class') is not null and relkind in ('r', 'p', 'v') "
                "and relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema'))",
}

# Accidents to our tables that a refresh repairs by itself: it rebuilds what is lost from what is stored.
MENDED = (
    "drop table refresh.batches", "drop table refresh.definitions", "drop table sessions_stages.session_visits",
    "alter table sessions_stages.touches drop column campaign", "alter table aliasing.aliases drop column first_seen_at",
    "alter table sessions.attribution rename column blog_url to blog", "alter table partitioning.rejected_events drop column reason",
    "alter table seeds.referrers rename column category to kind",
)
# Those it cannot repair: what is named, the accident, and what undoes it.
REFUSED = (
    ("refresh.models", "alter table refresh.models rename to lost", "alter table refresh.lost rename to models"),
    ("refresh.settings", "alter table refresh.settings rename to lost", "alter table refresh.lost rename to settings"),
    ("partitioning.app_tracks is gone", "alter table partitioning.app_tracks rename to lost", "alter table partitioning.lost rename to app_tracks"),
    ("partitioning.app_tracks has lost page_url", "alter table partitioning.app_tracks rename column page_url to lost",
     "alter table partitioning.app_tracks rename column lost to page_url"),
)


def test_relations_of_others_stay_and_ours_are_rebuilt(engine, small_sample_days):
    engine.receive(small_sample_days[0])
    engine.database.loaded_seeds = None
    if "seeds" in engine.database.schemas():
        engine.database.execute("drop schema seeds cascade")
    if engine.name == "postgres":
        engine.database.execute("create schema sessions; create domain sessions.all_sessions as text")
    for name, (_, words) in OF_OTHERS.items():
        engine.database.execute(f"create schema if not exists {name.split('.')[0]}")
        engine.database.execute(f"create {words.format(name)}")
    for command in ("build", "seed"):
        outcome = engine.project.run(command, vars=VARIABLES, reporting=True)
        assert not outcome.success and "give the project schemas of its own" in outcome.error
        assert command == "seed" or engine.name == "duckdb" or "sessions.all_sessions (type)" in outcome.error
        for name, (kind, _) in OF_OTHERS.items():
            assert (f"{name} ({kind})" in outcome.error) == (command == "build" or name.startswith(("seeds", "refresh"))), name
    assert all("theirs" in engine.fetch(name)[0].values() for name in OF_OTHERS)
    assert [row["table_name"] for row in engine.fetch("information_schema.tables", "table_name, table_schema")
            if row["table_schema"] == "refresh"] == ["settings"]
    if engine.name == "postgres":
        engine.database.execute("drop domain sessions.all_sessions")
    # those outside a selection are in nobody's way
    for name, (kind, _) in OF_OTHERS.items():
        if not name.startswith("reporting"):
            engine.database.execute(f"drop {kind} {name}")
    engine.refresh(VARIABLES)
    assert engine.fetch("reporting.journeys") == [{"name": "theirs"}]

    # relations of an earlier version have no mark; and a dropped one is rebuilt from what is stored
    for row in engine.database.query(COMMENTS[engine.name]):
        engine.database.execute(row["sql"])
    engine.database.execute("update refresh.models set documentation = ''")
    for accident in MENDED:
        engine.database.execute(accident)
    engine.database.loaded_seeds = None
    engine.receive(small_sample_days[1])
    engine.refresh(VARIABLES)
    assert_equal(engine, small_sample_days[:2], SITE)
    assert engine.fetch("partitioning.rejected_events", "reason")

    # only a full refresh can repair the rest, and the refusal says so
    engine.receive(small_sample_days[2])
    for name, accident, undone in REFUSED:
        engine.database.execute(accident)
        assert_refused(engine, name)
        engine.database.execute(undone)
    # ours is gone, theirs has its name
    engine.database.execute("drop table partitioning.partitions; create table partitioning.partitions as select 'theirs' as name")
    outcome = engine.refresh(VARIABLES, check=False)
    assert "partitioning.partitions (table) has a name" in outcome.error
    engine.database.execute("drop table partitioning.partitions; insert into refresh.archived_messages (event_id) values ('x')")
    assert_refused(engine, "partitioning.partitions is gone (and months were detached)")
    engine.refresh(VARIABLES, full_refresh=True)
    assert_equal(engine, small_sample_days[:3], SITE)
    if engine.name == "postgres":
        month = engine.fetch("pg_inherits", "min(inhrelid::regclass::text) as name")[0]["name"]
        engine.database.execute(f"drop table {month}")
        assert_refused(engine, f"{month} is no longer a partition")


def assert_refused(engine, words):
    outcome = engine.refresh(VARIABLES, check=False)
    assert words in outcome.error and "rebuild all tables from the sources with --full-refresh" in outcome.error, outcome.error
