"""The two sides that benchmarks run on: where messages arrive, how a refresh is run there, what it left behind."""

import functools
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import click
import duckdb
import psycopg2
import yaml

from large_sample import PART, generate_parts, part_files
from refresh_errors import first_line
from sample_data import load_postgres
from statements import replay_on_duckdb, replay_on_postgres

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ("tracks", "pages", "identifies", "aliases")
TABLE_LINE = re.compile(r"(\w+) +([\d,]+) rows +([\d.]+) s")
COMPARED = (
    "alias_id", "session_number", "session_id", "landing_page_url", "exit_page_url", "event_count", "page_count",
    "session_start", "session_end",
)


class Side:
    """What both sides have.

    folder: what is made lies here; samples: folders of messages; memory: what a refresh on DuckDB may use.
    """

    def __init__(self, folder: Path, samples: list[Path], memory: str):
        self.folder, self.samples, self.memory = folder, samples, memory
        self.variables = folder / "variables.yml"

    def write_variables(self):
        """Say where the sources are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.variables.write_text(yaml.safe_dump(
            {"sources": self.sources, "own_domains": ["example.com"], "identity_policy": "last"}), encoding="utf-8")


class OnDuckDB(Side):
    """A database file that reads the sample's files in place."""

    checksum = "bit_xor(hash({columns}))"

    def __init__(self, folder: Path, samples: list[Path], memory: str):
        super().__init__(folder, samples, memory)
        self.file, self.copy = folder / "benchmark.duckdb", folder / "copy" / "benchmark.duckdb"
        self.environment = {"SIGNUP_ATTRIBUTION_DUCKDB": str(self.file), "SIGNUP_ATTRIBUTION_MEMORY": memory}
        self.options = ["--target", "duckdb"]
        self.sources = {name: {"files": f"{folder}/landing/{name}/*.parquet", "optional": True} for name in COLLECTIONS}

    def empty(self):
        """Begin again without any message."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.write_variables()

    def receive(self, days: list[date]):
        """Put the files of the days where the refresh looks for them."""
        for _, collection, file in part_files(self.samples, days[0], days[-1]):
            target = self.folder / "landing" / collection / f"{file.parts[-3]}-{file.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, target)

    def run(self, *statements: str):
        """Run SQL, with as much memory as it likes; the first row of the last result."""
        with duckdb.connect(str(self.file)) as connection:
            for statement in statements:
                result = connection.execute(statement)
            return result.fetchone()

    def bytes_stored(self) -> tuple[int, int]:
        """Bytes of our tables, and of their indexes."""
        return self.file.stat().st_size, 0

    def keep_copy(self) -> bool:
        """Keep the database as it is now, for `rows_read`; whether there is room for that and for what the refresh adds."""
        has_room = shutil.disk_usage(self.folder).free > 1.5 * self.file.stat().st_size
        if has_room:
            self.copy.parent.mkdir(exist_ok=True)
            shutil.copy(self.file, self.copy)
        return has_room

    def rows_read(self, found) -> dict[str, int]:
        """Model -> rows that the statements of a refresh read, which ran after the copy was made."""
        return replay_on_duckdb(self.copy, found, self.memory)

    def peak_memory(self, _) -> int:
        """Bytes that the largest refresh held."""
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


class OnPostgres(Side):
    """A new database of the server that PGHOST names; the sample is loaded into tables."""

    checksum = "bit_xor(hashtextextended(cast(({columns}) as text), 0))"

    def __init__(self, folder: Path, samples: list[Path], memory: str, database: str = "signup_attribution_benchmark"):
        super().__init__(folder, samples, memory)
        self.database, self.copy = database, f"{database}_copy"
        self.environment = {"PGDATABASE": database}
        self.options = ["--target", "postgres"]
        self.sources = {name: {"schema": "segment", "table": name, "optional": True} for name in COLLECTIONS}

    def empty(self):
        """Begin again without any message."""
        self.write_variables()
        self.administer(f"drop database if exists {self.database}", f"create database {self.database}")

    def administer(self, *statements: str):
        """Run SQL about databases."""
        with closing(psycopg2.connect(dbname="postgres")) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)

    def receive(self, days: list[date]):
        """Load the days' messages into the source tables, which have an index on the load time."""
        with closing(psycopg2.connect(dbname=self.database)) as connection:
            for sample in self.samples:
                if part_files([sample], days[0], days[-1]):
                    load_postgres(sample, connection, from_day=days[0], to_day=days[-1])
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select relname from pg_class where relnamespace = 'segment'::regnamespace and relkind = 'r'")
                for (name,) in cursor.fetchall():
                    cursor.execute(f"create index if not exists {name}_uuid_ts on segment.{name} (uuid_ts)")
                cursor.execute("analyze")

    def run(self, *statements: str):
        """Run SQL; the first row of the last result."""
        with closing(psycopg2.connect(dbname=self.database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            connection.commit()
            return row

    def bytes_stored(self) -> tuple[int, int]:
        """Bytes of our tables, and of their indexes."""
        return self.run(
            "select cast(sum(pg_table_size(c.oid)) as bigint), cast(sum(pg_indexes_size(c.oid)) as bigint) from pg_class as c "
            "where c.relkind in ('r', 'm') and c.relnamespace::regnamespace::text "
            "not in ('pg_catalog', 'information_schema', 'pg_toast', 'segment')"
        )

    def keep_copy(self) -> bool:
        """Keep the database as it is now, for `rows_read`; always true, as the server may be anywhere."""
        self.administer(f"drop database if exists {self.copy}", f"create database {self.copy} template {self.database}")
        return True

    def rows_read(self, found) -> dict[str, int]:
        """Model -> rows that the statements of a refresh read, which ran after the copy was made."""
        return self.replayed(found)[0]

    def replayed(self, found) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """As replay_on_postgres: what the statements of a refresh read, and what of it without an index."""
        # The statements name the database, so for a while the copy has its name.
        kept = f"{self.copy}_2"
        self.administer(f"alter database {self.database} rename to {kept}", f"alter database {self.copy} rename to {self.database}")
        read = replay_on_postgres(self.database, found)
        self.administer(f"drop database {self.database}", f"alter database {kept} rename to {self.database}")
        return read

    def peak_memory(self, watched) -> int | None:
        """Bytes that the server's processes held while `watched` watched them."""
        return watched.peak or None


class Watch(threading.Thread):
    """Looks every two seconds how much memory the server's processes hold, where they run on this machine."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.stopped = 0, threading.Event()

    def run(self):
        while not self.stopped.wait(2):
            held = 0
            for command in Path("/proc").glob("[0-9]*/comm"):
                try:
                    if command.read_text().strip() == "postgres":
                        text = (command.parent / "smaps_rollup").read_text()
                        held += int(re.search(r"^Pss: +(\d+) kB", text, re.M).group(1)) * 1024
                except (OSError, AttributeError):
                    continue  # it ended meanwhile, or belongs to somebody else
            self.peak = max(self.peak, held)


def refresh(side, environment: dict[str, str] | None = None, *options: str) -> tuple[float, dict[str, dict]]:
    """Seconds of one refresh, as a command of its own, and table -> rows written and seconds. Exits when it fails."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "refresh.py"), "--vars", str(side.variables), "--log-format", "text",
         *side.options, *options],
        env={**os.environ, **side.environment, **(environment or {})}, check=False, stdout=subprocess.PIPE, text=True,
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise click.ClickException("the refresh failed: see the sentence above and logs/dbt.log.")
    return seconds, {
        name: {"rows_written": int(rows.replace(",", "")), "seconds": float(took)}
        for name, rows, took in TABLE_LINE.findall(done.stdout)
    }


def seconds_of(run) -> float:
    """Seconds that a call takes."""
    start = time.monotonic()
    run()
    return time.monotonic() - start


def benchmark_sql(name: str) -> str:
    """A file of SQL in benchmarks/."""
    return (ROOT / "benchmarks" / name).read_text(encoding="utf-8")


def limit(side):
    """Run the least that any pipeline has to do."""
    side.run(benchmark_sql("limit.sql"))


def classic(side, parts: int):
    """Run the classic pipeline, as one statement or as one for each of several parts of the persons."""
    created = benchmark_sql("classic.sql")
    inserted = created.replace("create table classic_sessions as", "insert into classic_sessions")
    for part in range(parts):
        is_in_part = f"hash(alias_id) % {parts} = {part}" if parts > 1 else "true"
        side.run((inserted if part else created).format(is_in_part=is_in_part))


def classic_seconds(side) -> tuple[float, int]:
    """Seconds of the classic pipeline, and in how many parts memory and disk sufficed for it."""
    for parts in (1, 4, 16):
        try:
            return seconds_of(lambda: classic(side, parts)), parts
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:  # the second one when it fills the disk
            side.run("drop table if exists classic_sessions")
            problem = first_line(str(error))
    raise click.ClickException(f"the classic pipeline does not run, not even for a 16th of the persons: {problem}.")


def contents(side, table: str, columns: tuple[str, ...]) -> tuple[int, int]:
    """How many rows a table has, and a checksum of these columns that is the same in whatever order they lie."""
    return side.run(f"select count(*), {side.checksum.format(columns=', '.join(columns))} from {table}")


def same_sessions(side) -> bool:
    """Whether the classic pipeline's sessions, which are dropped then, are ours."""
    found = [contents(side, table, COMPARED) for table in ("classic_sessions", "sessions.all_sessions")]
    side.run("drop table classic_sessions")
    return found[0] == found[1]


@contextmanager
def written_to(json_file: str | None, **figures):
    """The figures of a run, to be added to; the file, if there is one, holds in the end those that a run had when it broke off."""
    try:
        yield figures
    finally:
        if json_file:
            Path(json_file).write_text(json.dumps(figures, indent=2), encoding="utf-8")


def benchmark_options(days: int):
    """Options that benchmarks share; days: how many days the messages spread over by default."""
    options = [
        click.option("--engine", type=click.Choice(["duckdb", "postgres"]), default="duckdb", show_default=True),
        click.option("--messages", default=1_000_000, show_default=True, help="How many messages to make."),
        click.option("--days", default=days, show_default=True, help="How many days they spread over."),
        click.option("--part", default=PART, show_default=True,
                     help="Messages by the same people at most, before others follow; with more than a few parts the days stay alike."),
        click.option("--folder", default="target/benchmark", show_default=True, help="Where data and database are made."),
        click.option("--memory", default="8GB", show_default=True,
                     help="Memory that a refresh may use (DuckDB); the classic pipeline may use most of the machine's."),
        click.option("--json", "json_file", default=None, help="File for the figures."),
    ]
    return lambda command: functools.reduce(lambda decorated, option: option(decorated), reversed(options), command)


def prepared(engine: str, messages: int, days: int, part: int, folder: str, memory: str) -> tuple[OnDuckDB | OnPostgres, list[date]]:
    """A side without any message yet, and the days of the sample made for it; a sample made before is taken as it is."""
    folder = (ROOT / folder).resolve()
    samples = generate_parts(folder / "sample", messages, 7, days, date(2026, 6, 10), part)
    side = (OnDuckDB if engine == "duckdb" else OnPostgres)(folder / engine, samples, memory)
    return side, sorted({day for day, _, _ in part_files(samples)})
