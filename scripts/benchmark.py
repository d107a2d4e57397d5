"""Measure a refresh against the classic window pipeline and the least any pipeline could do, in one run on one machine.

    python scripts/benchmark.py --messages 10000000
    python scripts/with_postgres.py python scripts/benchmark.py --engine postgres --messages 1000000

Makes sample messages and refreshes all but the last three days of them. On what is stored then it times the limit (one bare
hash aggregate, benchmarks/limit.sql) and the classic pipeline (benchmarks/classic.sql), which has to make the same sessions,
or the benchmark fails. Then the last three days arrive one by one, then nothing new. The same three days arrive once more on
the last tenth of the days before them, which shows what a longer history costs. What the refresh of the last day read is
counted by the engine: its statements are run once more on a copy of the database. Prints seconds, ratios and rows; --json FILE
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
from statements import logged, replay_on_duckdb, replay_on_postgres, statements

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
COPY = f"{DATABASE}_copy"


class OnDuckDB:
    """A database file that reads the sample's files in place."""

    checksum = "bit_xor(hash({columns}))"

    def __init__(self, folder: Path, sample: Path, memory: str):
        self.folder, self.sample, self.memory = folder, sample, memory
        self.file, self.copy = folder / "benchmark.duckdb", folder / "copy" / "benchmark.duckdb"
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

    def keep_copy(self):
        """The database as it is now, for `rows_read`."""
        self.copy.parent.mkdir(exist_ok=True)
        shutil.copy(self.file, self.copy)

    def rows_read(self, found) -> dict[str, int]:
        """Model -> rows that the statements of a refresh read, which ran after the copy was made."""
        return replay_on_duckdb(self.copy, found, self.memory)

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
        self.administer(f"drop database if exists {DATABASE}", f"create database {DATABASE}")

    def administer(self, *statements: str):
        """Run SQL about databases."""
        with closing(psycopg2.connect(dbname="postgres")) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)

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

    def keep_copy(self):
        """The database as it is now, for `rows_read`."""
        self.administer(f"drop database if exists {COPY}", f"create database {COPY} template {DATABASE}")

    def rows_read(self, found) -> dict[str, int]:
        """Model -> rows that the statements of a refresh read, which ran after the copy was made."""
        # The statements name the database, so for a while the copy has its name.
        self.administer(f"alter database {DATABASE} rename to {COPY}_2", f"alter database {COPY} rename to {DATABASE}")
        found = replay_on_postgres(DATABASE, found)
        self.administer(f"drop database {DATABASE}", f"alter database {COPY}_2 rename to {DATABASE}")
        return found

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


def refresh(side, variables: Path, environment: dict[str, str] | None = None) -> tuple[float, dict[str, dict]]:
    """Seconds of one refresh, as a command of its own, and table -> rows written and seconds. Exits when it fails."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "refresh.py"), "--vars", str(variables), "--log-format", "text", *side.options],
        env={**os.environ, **side.environment, **(environment or {})}, check=False, stdout=subprocess.PIPE, text=True,
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise click.ClickException("the refresh failed: see the sentence above and logs/dbt.log.")
    return seconds, {
        name: {"rows_written": int(rows.replace(",", "")), "seconds": float(took)}
        for name, rows, took in TABLE_LINE.findall(done.stdout)
    }


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


def days_arrive(side, days: list[date], variables: Path, log: Path) -> tuple[list[float], dict[str, dict]]:
    """Seconds of the refresh after each of the days; and of the last one table -> rows read and written, and seconds."""
    taken = []
    for day in days:
        side.receive([day])
        if day == days[-1]:
            side.keep_copy()
            shutil.rmtree(log, ignore_errors=True)
        seconds, tables = refresh(side, variables, logged(log) if day == days[-1] else None)
        taken.append(seconds)
        click.echo(f"{day}: {seconds:.1f} s", err=True)
    rows_read = side.rows_read(statements(log))
    return taken, {name: {**table, "rows_read": rows_read[name]} for name, table in tables.items()}


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
    figures["full_seconds"], figures["models"] = refresh(side, variables)
    click.echo(f"full: {figures['full_seconds']:.1f} s", err=True)
    watch.stopped.set()
    figures["peak_memory_mb"] = (side.peak_memory(watch) or 0) // 2**20
    figures["database_mb"] = side.bytes_stored() // 2**20
    figures["limit_seconds"] = seconds_of(side, "limit.sql")
    figures["classic_seconds"] = seconds_of(side, "classic.sql")
    figures["sessions_equal"] = same_sessions(side)
    figures["sessions_seconds"] = sum(figures["models"][name]["seconds"] for name in SESSION_MODELS)
    log = variables.parent / "log"
    figures["days_seconds"], figures["day_models"] = days_arrive(side, arriving, variables, log)
    figures["day_seconds"] = statistics.median(figures["days_seconds"])
    figures["empty_seconds"], _ = refresh(side, variables)

    side.empty()
    side.receive(before[-max(1, len(before) // 10):])
    refresh(side, variables)
    figures["days_seconds_tenth_history"], figures["day_models_tenth_history"] = days_arrive(side, arriving, variables, log)
    figures["day_seconds_tenth_history"] = statistics.median(figures["days_seconds_tenth_history"])
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
    lines.append(f"{'':<28}{'full':>9}{'written':>14}{'last day':>12}{'written':>14}{'read':>14}{'on a tenth':>14}")
    for name, full in figures["models"].items():
        day, tenth = figures["day_models"][name], figures["day_models_tenth_history"][name]
        lines.append(
            f"  {name:<26}{full['seconds']:>9.1f}{full['rows_written']:>14,}{day['seconds']:>12.1f}{day['rows_written']:>14,}"
            f"{day['rows_read']:>14,}{tenth['rows_read']:>14,}"
        )
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
