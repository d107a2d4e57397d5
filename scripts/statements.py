"""What the statements of a refresh read, and how: each is run once more on a copy of the database and asked about itself.

A refresh run in the environment that `logged` gives leaves every statement of every model in a log. The replays run them in
the same order on a copy of the database as it was before that refresh.
"""

import json
import re
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg2
import sqlparse

COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)  # that dbt puts before each statement
ROWS_READ = (
    "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) from pg_stat_xact_user_tables "
    "where schemaname not like 'pg_temp%'"
)


# Statements that PostgreSQL can explain, after what dbt may put before them.
EXPLAINED = re.compile(r"\s*(insert|delete|select|with|create\s+(temporary\s+)?table\s+\S+\s+as\b)", re.IGNORECASE)


def logged(folder: Path) -> dict[str, str]:
    """Environment variables with which dbt logs each statement to `folder`/dbt.log."""
    return {"DBT_LOG_PATH": str(folder), "DBT_LOG_FORMAT_FILE": "json", "DBT_LOG_LEVEL_FILE": "debug"}


def statements(folder: Path) -> list[tuple[str, str]]:
    """(model, SQL) of the refresh logged to `folder`, model after model; one SQL may be several statements.

    Models that were made side by side come in the order in which they began.
    """
    found = defaultdict(list)
    for line in (folder / "dbt.log").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["info"]["name"] == "SQLQuery" and event["data"]["conn_name"].startswith("model."):
            found[event["data"]["conn_name"].split(".")[-1]].append(COMMENT.sub("", event["data"]["sql"], count=1))
    return [(model, sql) for model, own in found.items() for sql in own]


def replay_on_duckdb(file: Path, found: list[tuple[str, str]], memory: str) -> dict[str, int]:
    """Model -> rows that its statements read from tables. `file` is a copy of the database, and is changed."""
    rows_read = defaultdict(int)
    with closing(duckdb.connect(str(file), config={"memory_limit": memory})) as connection:
        connection.execute("set TimeZone = 'UTC'; set profiling_coverage = 'ALL'; pragma enable_profiling = 'no_output'")
        for model, sql in found:
            for statement in connection.extract_statements(sql):
                connection.execute(statement).fetchall()
                rows_read[model] += json.loads(connection.get_profiling_information("json"))["query"]["total_rows_scanned"]
    return dict(rows_read)


def replay_on_postgres(database: str, found: list[tuple[str, str]]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Model -> rows that its statements read from stored tables; and model -> table -> most rows that one scan of it read.

    A scan reads a table from its first row on, without an index. `database` is a copy, and is changed.
    """
    rows_read, scans = defaultdict(int), defaultdict(dict)
    with closing(psycopg2.connect(dbname=database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True  # the statements begin and end their transactions themselves
        for model, sql in found:
            for statement in sqlparse.split(sql):
                if statement.lower().startswith("commit"):
                    cursor.execute(ROWS_READ)
                    rows_read[model] += int(cursor.fetchone()[0])
                    cursor.execute("select pg_stat_force_next_flush()")  # or the next transaction would count these again
                if EXPLAINED.match(statement):
                    cursor.execute(f"explain (analyze, timing off, format json, verbose) {statement}")
                    add_scans(cursor.fetchone()[0][0]["Plan"], scans[model])
                else:
                    cursor.execute(statement)
    return dict(rows_read), dict(scans)


def add_scans(plan: dict, scans: dict[str, int]):
    """Note the rows that the scans of a plan which ran read from stored tables, by schema.table."""
    for part in plan.get("Plans", []):
        add_scans(part, scans)
    if plan["Node Type"] == "Seq Scan" and not plan["Schema"].startswith("pg_"):
        table = f"{plan['Schema']}.{plan['Relation Name']}"
        rows = plan["Actual Rows"] * plan["Actual Loops"] + plan.get("Rows Removed by Filter", 0)
        scans[table] = max(scans.get(table, 0), int(rows))
