"""What the statements of a refresh read, and how: each is rerun on a copy of the database and measured there.

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
# Statements that PostgreSQL can explain, after what dbt may put before them.
EXPLAINED = re.compile(r"\s*(insert|delete|select|with|create\s+(temporary\s+)?table\s+\S+\s+as\b)", re.IGNORECASE)

LOCK = re.compile(r"\s*lock\s+table\b", re.IGNORECASE)  # needs a transaction, and reads nothing


def logged(folder: Path) -> dict[str, str]:
    """Environment variables with which dbt logs each statement to `folder`/dbt.log."""
    return {"DBT_LOG_PATH": str(folder), "DBT_LOG_FORMAT_FILE": "json", "DBT_LOG_LEVEL_FILE": "debug"}


def statements(folder: Path) -> list[tuple[str, str]]:
    """(model, SQL) of the refresh logged to `folder`, model after model; one SQL may be several statements.

    Models that were built side by side come in the order in which they began.
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
    """Model -> rows that its statements read from stored tables; and model -> table -> most rows that it read without an index at once.

    `database` is a copy, and is changed.
    """
    rows_read, scans = defaultdict(int), defaultdict(dict)
    with closing(psycopg2.connect(dbname=database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True  # the statements begin and end their transactions themselves
        for model, sql in found:
            for statement in sqlparse.split(sql):
                if EXPLAINED.match(statement):
                    cursor.execute(f"explain (analyze, timing off, format json, verbose) {statement}")
                    for kind, table, rows in stored_rows_read(cursor.fetchone()[0][0]["Plan"]):
                        rows_read[model] += rows
                        if kind == "Seq Scan":
                            scans[model][table] = max(scans[model].get(table, 0), rows)
                elif not LOCK.match(statement):
                    cursor.execute(statement)
    return dict(rows_read), dict(scans)


def stored_rows_read(plan: dict):
    """Yields kind, schema.table and rows of each part of a plan that ran and reads a stored table."""
    for part in plan.get("Plans", []):
        yield from stored_rows_read(part)
    if "Scan" in plan["Node Type"] and "Relation Name" in plan and not plan["Schema"].startswith("pg_"):
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        rows = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
        yield plan["Node Type"], f"{plan['Schema']}.{plan['Relation Name']}", int(rows)
