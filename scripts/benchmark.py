"""Measure a refresh against the classic window pipeline and the least any pipeline could do, in one run on one machine.

    python scripts/benchmark.py --messages 10000000
    python scripts/with_postgres.py python scripts/benchmark.py --engine postgres --messages 1000000

Makes sample messages and refreshes all but the last three days of them. On what is stored then it times the limit (one bare
hash aggregate, benchmarks/limit.sql) and the classic pipeline (benchmarks/classic.sql), which has to make the same sessions,
or the benchmark fails. Then the last three days arrive one by one, then nothing new. The same three days arrive once more on
the last tenth of the days before them, which shows what a longer history costs. Prints seconds and ratios; --json FILE
writes them. Timings depend on the machine: compare ratios of one run.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import click
import duckdb
import psycopg2
import yaml

from sample_data import generate, load_postgres, sample_files

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ("tracks", "pages", "identifies", "aliases")
COMPARED = (
    "alias_id", "session_number", "session_id", "landing_page_url", "exit_page_url", "event_count", "page_count",
    "session_start", "session_end",
)
# What makes sessions out of the stored messages, and so what the classic pipeline does too.
SESSION_MODELS = (
    "message_buckets", "identity_spans", "known_pairs", "device_owners", "aliases", "device_sessions", "affected_aliases",
    "session_members", "all_sessions",
)
ARRIVING_DAYS = 3
TABLE_LINE = re.compile(r"(\w+) +([\d,]+) rows +([\d.]+) s")
DATABASE = "signup_attribution_benchmark"


class OnDuckDB:
    """A database file that reads the sample's files in place."""

    checksum = "bit_xor(hash({columns}))"

    def __init__(self, folder: Path, sample: Path, memory: str):
        self.folder, self.sample, self.memory = folder, sample, memory
        self.file = folder / "benchmark.duckdb"
        self.environment = {"SIGNUP_ATTRIBUTION_DUCKDB": str(self.file), "SIGNUP_ATTRIBUTION_MEMORY": memory}
        self.options = ["--target", "duckdb"]
        self.sources = {name: {"files": f"{folder}/landing/{name}/*.parquet", "optional": True} for name in COLLECTIONS}

    def empty(self):
        """Begin again without any message."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def receive(self, days: list[date]):
        """Put the files of the days where the refresh looks for them."""
        for _, collection, file in sample_files(self.sample, days[0], days[-1]):
            target = self.folder / "landing" / collection / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, target)

    def run(self, *statements: str):
        """Run SQL; the first row of the last result."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(f"set memory_limit = '{self.memory}'")
            for statement in statements:
                result = connection.execute(statement)
            return result.fetchone()

    def bytes_stored(self) -> int:
        return self.file.stat().st_size

    def peak_memory(self, _) -> int:
        """Bytes that the largest refresh held."""
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


class OnPostgres:
    """A database of its own on the server that PGHOST names; the sample is loaded into tables."""

    checksum = "bit_xor(hashtextextended(cast(({columns}) as text), 0))"

    def __init__(self, folder: Path, sample: Path, _):
        self.folder, self.sample = folder, sample
        self.environment = {"PGDATABASE": DATABASE}
        self.options = ["--target", "postgres"]
        self.sources = {name: {"schema": "segment", "table": name, "optional": True} for name in COLLECTIONS}

    def empty(self):
        """Begin again without any message."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(psycopg2.connect(dbname="postgres")) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f"drop database if exists {DATABASE}")
            cursor.execute(f"create database {DATABASE}")

    def receive(self, days: list[date]):
        """Load the days' messages into the source tables."""
        with closing(psycopg2.connect(dbname=DATABASE)) as connection:
            load_postgres(self.sample, connection, from_day=days[0], to_day=days[-1])
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("analyze")

    def run(self, *statements: str):
        """Run SQL; the first row of the last result."""
        with closing(psycopg2.connect(dbname=DATABASE)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            connection.commit()
            return row

    def bytes_stored(self) -> int:
        return self.run("select pg_database_size(current_database())")[0]

    def peak_memory(self, watched) -> int | None:
        """Bytes that the server's processes held while `watched` watched them."""
        return watched.peak or None


class Watch(threading.Thread):
    """Looks every half second how much memory the server's processes hold, where they run on this machine."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.stopped = 0, threading.Event()

    def run(self):
        while not self.stopped.wait(0.5):
            held = 0
            for command in Path("/proc").glob("[0-9]*/comm"):
                try:
                    if command.read_text().strip() == "postgres":
                        text = (command.parent / "smaps_rollup").read_text()
                        held += int(re.search(r"^Pss: +(\d+) kB", text, re.M).group(1)) * 1024
                except (OSError, AttributeError):
                    continue  # it ended meanwhile, or belongs to somebody else
            self.peak = max(self.peak, held)


def refresh(side, variables: Path) -> tuple[float, dict[str, tuple[int, float]]]:
    """Seconds of one refresh, as a command of its own, and table -> (rows written, seconds). Exits when it fails."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "refresh.py"), "--vars", str(variables), *side.options],
        env={**os.environ, **side.environment}, check=False, stdout=subprocess.PIPE, text=True,
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise click.ClickException("the refresh failed: see the sentence above and logs/dbt.log.")
    tables = {name: (int(rows.replace(",", "")), float(took)) for name, rows, took in TABLE_LINE.findall(done.stdout)}
    return seconds, tables


def seconds_of(side, file: str) -> float:
    """Seconds of a file of SQL in benchmarks/."""
    sql = (ROOT / "benchmarks" / file).read_text(encoding="utf-8")
    start = time.monotonic()
    side.run(sql)
    return time.monotonic() - start


def same_sessions(side) -> bool:
    """Whether the classic pipeline's sessions, which are dropped then, are ours."""
    checksum = side.checksum.format(columns=", ".join(COMPARED))
    found = [
        side.run(f"select count(*), {checksum} from {table}") for table in ("classic_sessions", "sessions.all_sessions")
    ]
    side.run("drop table classic_sessions")
    return found[0] == found[1]


def days_arrive(side, days: list[date], variables: Path) -> list[float]:
    """Seconds of the refresh after each of the days."""
    taken = []
    for day in days:
        side.receive([day])
        taken.append(refresh(side, variables)[0])
        click.echo(f"{day}: {taken[-1]:.1f} s", err=True)
    return taken


def measure(side, days: list[date], variables: Path) -> dict:
    """All figures of one engine."""
    before, arriving = days[:-ARRIVING_DAYS], days[-ARRIVING_DAYS:]
    side.empty()
    variables.write_text(yaml.safe_dump(
        {"sources": side.sources, "own_domains": ["example.com"], "identity_policy": "last"}), encoding="utf-8")
    side.receive(before)
    watch = Watch()
    watch.start()
    figures = {}
    figures["full_seconds"], tables = refresh(side, variables)
    click.echo(f"full: {figures['full_seconds']:.1f} s", err=True)
    watch.stopped.set()
    figures["peak_memory_mb"] = (side.peak_memory(watch) or 0) // 2**20
    figures["database_mb"] = side.bytes_stored() // 2**20
    figures["limit_seconds"] = seconds_of(side, "limit.sql")
    figures["classic_seconds"] = seconds_of(side, "classic.sql")
    figures["sessions_equal"] = same_sessions(side)
    figures["sessions_seconds"] = sum(tables[name][1] for name in SESSION_MODELS)
    figures["days_seconds"] = days_arrive(side, arriving, variables)
    figures["day_seconds"] = statistics.median(figures["days_seconds"])
    figures["empty_seconds"], _ = refresh(side, variables)

    side.empty()
    side.receive(before[-max(1, len(before) // 10):])
    refresh(side, variables)
    figures["day_seconds_tenth_history"] = statistics.median(days_arrive(side, arriving, variables))
    figures["models"] = {
        name: {"rows_written": rows, "seconds": seconds} for name, (rows, seconds) in tables.items()
    }
    return figures


def report(figures: dict) -> str:
    """The figures as a table: seconds, and how they compare with the classic pipeline and the limit."""
    lines = [f"{'':<28}{'seconds':>9}{'classic ÷ it':>14}{'it ÷ limit':>12}"]
    for name in ("limit", "classic", "full", "sessions", "day", "day_tenth_history", "empty"):
        seconds = figures["day_seconds_tenth_history" if name == "day_tenth_history" else f"{name}_seconds"]
        lines.append(
            f"{name.replace('_', ' '):<28}{seconds:>9.1f}{figures['classic_seconds'] / seconds:>14.2f}"
            f"{seconds / figures['limit_seconds']:>12.1f}"
        )
    lines.append(f"a day on all of history ÷ on a tenth: {figures['day_seconds'] / figures['day_seconds_tenth_history']:.2f}")
    lines.append(
        f"peak memory {figures['peak_memory_mb']:,} MB, database {figures['database_mb']:,} MB, "
        f"sessions equal: {figures['sessions_equal']}"
    )
    lines += [
        f"  {name:<26}{model['seconds']:>9.1f}{model['rows_written']:>16,} rows" for name, model in figures["models"].items()
    ]
    return "\n".join(lines)


@click.command()
@click.option("--engine", type=click.Choice(["duckdb", "postgres"]), default="duckdb", show_default=True)
@click.option("--messages", default=1_000_000, show_default=True, help="How many messages to make.")
@click.option("--days", default=60, show_default=True, help="How many days they spread over.")
@click.option("--folder", default="target/benchmark", show_default=True, help="Where data and database are made.")
@click.option("--memory", default="8GB", show_default=True, help="Memory that either side may use (DuckDB).")
@click.option("--json", "json_file", default=None, help="File for the figures.")
def main(engine, messages, days, folder, memory, json_file):
    """Measure a refresh against the classic window pipeline and against one bare pass of the data."""
    folder = (ROOT / folder).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    sample = folder / "sample"
    generate(sample, messages, 7, days, date(2026, 6, 10))
    side = (OnDuckDB if engine == "duckdb" else OnPostgres)(folder / engine, sample, memory)
    found = sorted({day for day, _, _ in sample_files(sample)})
    figures = {"engine": engine, "messages": messages, **measure(side, found, folder / "variables.yml")}
    click.echo(report(figures))
    if json_file:
        Path(json_file).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    if not figures["sessions_equal"]:
        raise click.ClickException("the sessions of the classic pipeline and ours differ.")


if __name__ == "__main__":
    main()
