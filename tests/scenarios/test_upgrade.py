"""A database that the first version of the project filled by two refreshes of 300 sample messages: refused until it is rebuilt, then right.

tests/data/first_version has it as DuckDB's `export database` and PostgreSQL's `pg_dump --inserts` left it.
"""

import gzip
import zipfile

from engines import DuckDB, Postgres, SOURCE_SCHEMA
from harness import Engine, assert_equal, as_vars
from oracle import Settings
from project import ROOT
from restated import check, facts, log

FILLED = ROOT / "tests" / "data" / "first_version"
SITE = Settings(own_domains=("example.com",))


def filled_duckdb(folder) -> DuckDB:
    """A DuckDB database as the first version left it."""
    with zipfile.ZipFile(FILLED / "duckdb.zip") as packed:
        packed.extractall(folder / "dump")
    load = folder / "dump" / "load.sql"
    load.write_text(load.read_text().replace(" FROM '", f" FROM '{folder}/dump/"))
    database = DuckDB(folder)
    database.execute(f"import database '{folder}/dump'")
    return database


def filled_postgres() -> Postgres:
    """A PostgreSQL database as the first version left it."""
    database = Postgres()
    database.execute(gzip.decompress((FILLED / "postgres.sql.gz").read_bytes()).decode("utf-8"))
    database.execute("reset all")
    return database


def sources(engine) -> dict[str, list[dict]]:
    """All messages that the sources hold, as one load."""
    tables = engine.database.query(f"select table_name as name from information_schema.tables where table_schema = '{SOURCE_SCHEMA}'")
    return {table["name"]: engine.database.fetch(f"{SOURCE_SCHEMA}.{table['name']}") for table in tables}


def column_changes(engine) -> list[tuple]:
    """What refreshes noticed of the sources' columns."""
    return sorted(tuple(row.values()) for row in engine.fetch("partitioning.schema_changes", "message_type, column_name, change, batch_id"))


def check_upgrade(engine):
    before, changes = engine.fetch("sessions.attribution"), column_changes(engine)
    published = facts(engine)
    refused = engine.refresh(as_vars(SITE), check=False)
    assert not refused.success and "built by another version of the project: rebuild all tables with --full-refresh" in refused.error
    assert before and engine.fetch("sessions.attribution") == before
    part = engine.refresh(as_vars(SITE), full_refresh=True, select="device_sessions+", check=False)
    assert not part.success and "--full-refresh without a selection" in part.error
    engine.refresh(as_vars(SITE), full_refresh=True, reporting=True)
    assert_equal(engine, [sources(engine)], SITE, when="after the upgrade")
    restated = log(engine)
    check(published, restated, facts(engine))
    assert {(row["cause"], row["cause_detail"]) for row in restated} == {("other", "built from scratch")}
    assert len(engine.fetch("sessions.attribution")) >= len(before)
    assert column_changes(engine) == changes
    engine.load("pages", [{"id": "late", "anonymous_id": "of nobody", "timestamp": before[0]["signup_timestamp"]}])
    engine.refresh(as_vars(SITE), reporting=True)
    assert_equal(engine, [sources(engine)], SITE, when="a refresh after the upgrade")


def test_duckdb(tmp_path):
    engine = Engine(filled_duckdb(tmp_path), tmp_path)
    try:
        check_upgrade(engine)
    finally:
        engine.close()


SOURCES_IN_INDEXES = "select indexname from pg_indexes where schemaname like 'sessions%' and indexdef ~ 'source\\)$'"


def test_postgres(tmp_path, postgres_session):
    engine = Engine(filled_postgres(), tmp_path)
    try:
        assert engine.database.query(SOURCES_IN_INDEXES)
        check_upgrade(engine)
        assert not engine.database.query(SOURCES_IN_INDEXES)  # their rows have a limit, which a source may exceed
    finally:
        engine.close()
