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
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path

import click
import duckdb
import jinja2
import psycopg2
import yaml

from place import ROOT
from database.errors import first_line
from large_sample import PART, generate_parts, part_files
from sample_data import load_postgres
from statements import replay_on_duckdb, replay_on_postgres

COLLECTIONS = ("tracks", "pages", "identifies", "aliases")
TABLE_LINE = re.compile(r"(\w+) +([\d,]+) rows +([\d.]+) s")
# Ours -> the yardstick's.
COMPARED = {
    "partitioning.app_tracks": "app_tracks", "aliasing.known_pairs": "known_pairs", "aliasing.aliases": "aliases",
    "sessions.all_sessions": "all_sessions", "sessions.useful_sessions": "useful_sessions", "sessions_stages.touches": "touches",
    "sessions.attribution": "attribution", "reporting.path_credits": "path_credits",
}
SEEDS = ("invalid_ids", "click_ids", "excluded_referrers", "referrers", "channel_rules")


class Side:
    """What both sides have.

    folder: for everything that is made; samples: folders of messages; memory: what a refresh on DuckDB may use.
    """

    def __init__(self, folder: Path, samples: list[Path], memory: str):
        self.folder, self.samples, self.memory = folder, samples, memory
        self.variables = folder / "variables.yml"

    def classic_stages(self) -> list[tuple[str, str]]:
        """The stages of the yardstick and their SQL."""
        text = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(benchmark_sql("classic_full.sql")).render(
            engine=self.engine, seeds=self.classic_seeds, sources={name: place[0] for name, place in self.places.items()},
            places={name: place[1] for name, place in self.places.items()})
        return [tuple(stage.split("\n", 1)) for stage in text.split("-- stage: ")[1:]]

    def write_variables(self):
        """Say where the sources are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.variables.write_text(yaml.safe_dump(
            {"sources": self.sources, "own_domains": ["example.com"], "identity_policy": "last"}), encoding="utf-8")


class OnDuckDB(Side):
    """A database file that reads the sample's files in place. The yardstick has a file of its own."""

    engine = "duckdb"
    checksum = "bit_xor(hash({columns}))"
    classic_seeds = {name: f"read_csv('{ROOT}/seeds/{name}.csv', header = true)" for name in SEEDS}

    def __init__(self, folder: Path, samples: list[Path], memory: str):
        super().__init__(folder, samples, memory)
        self.file, self.copy = folder / "benchmark.duckdb", folder / "copy" / "benchmark.duckdb"
        self.environment = {"SIGNUP_ATTRIBUTION_DUCKDB": str(self.file), "SIGNUP_ATTRIBUTION_MEMORY": memory}
        self.options = ["--target", "duckdb"]
        files = {name: f"{folder}/landing/{name}/*.parquet" for name in COLLECTIONS}
        self.sources = {name: {"files": pattern, "optional": True} for name, pattern in files.items()}
        self.places = {name: (f"read_parquet('{pattern}', union_by_name = true)", pattern) for name, pattern in files.items()}
        self.classic_file = folder / "classic.duckdb"
        self.beside_classic = (f"attach '{self.classic_file}' as classic (read_only)",)

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

    @contextmanager
    def classic_run(self):
        """A function that runs SQL of the yardstick, with as much memory as a refresh."""
        self.drop_classic()
        try:
            with duckdb.connect(str(self.classic_file), config={"memory_limit": self.memory}) as connection:
                yield connection.execute
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise click.ClickException(f"the yardstick does not fit into {self.memory} of memory and the disk: {first_line(str(error))}.") from error

    def drop_classic(self):
        """Remove what the yardstick made."""
        self.classic_file.unlink(missing_ok=True)

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

    engine = "postgres"
    checksum = "bit_xor(hashtextextended(cast(({columns}) as text), 0))"
    classic_seeds = {name: f"seeds.{name}" for name in SEEDS}
    places = {name: (f"segment.{name}", f"segment.{name}") for name in COLLECTIONS}
    beside_classic = ()

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

    @contextmanager
    def classic_run(self):
        """A function that runs SQL of the yardstick."""
        self.drop_classic()
        with closing(psycopg2.connect(dbname=self.database)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            yield cursor.execute

    def drop_classic(self):
        """Remove what the yardstick made."""
        self.run("drop schema if exists classic cascade")

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
        """As replay_on_postgres: what the statements of a refresh read, and which part of it without an index."""
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
    """Checks every few seconds how much memory the server's processes hold, if they run on this machine."""

    def __init__(self, pause: float = 2):
        super().__init__(daemon=True)
        self.pause, self.peak, self.stopped = pause, 0, threading.Event()

    def run(self):
        while not self.stopped.wait(self.pause):
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
    """Seconds of one refresh, as a command of its own, and table -> rows written and seconds. Exits when it fails.

    Afterwards the side's `bytes_held` is the most that the command held.
    """
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "refresh.py"), "--vars", str(side.variables), "--log-format", "text",
         *side.options, *options],
        env={**os.environ, **side.environment, **(environment or {})}, stdout=subprocess.PIPE, text=True,
    ) as done:
        written = done.stdout.read()
        _, status, usage = os.wait4(done.pid, 0)
        done.returncode, side.bytes_held = os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise click.ClickException("the refresh failed: see the sentence above and logs/dbt.log.")
    return seconds, {
        name: {"rows_written": int(rows.replace(",", "")), "seconds": float(took)}
        for name, rows, took in TABLE_LINE.findall(written)
    }


def processor_seconds(side) -> float:
    """What this process and those that it ran have used, and on PostgreSQL the server, which has to run on this machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(each.ru_utime + each.ru_stime for each in used)
    if isinstance(side, OnPostgres):
        with closing(psycopg2.connect(dbname=side.database)) as connection:
            server = fields_of(connection.info.backend_pid)[1]
        # its own, those of its processes that ended, and those of the others: one whose connection was closed may be about to end
        ticks = sum(int(field) for field in fields_of(server)[11:15])
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = fields_of(process.name)
                ticks += sum(int(field) for field in fields[11:13]) if fields[1] == server else 0
        total += ticks / os.sysconf("SC_CLK_TCK")
    return total


def fields_of(pid) -> list[str]:
    """What Linux says of a process, from its state on (the third field of `man 5 proc`)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def taken(side, run):
    """Seconds that a call takes, processor seconds, and what it returns."""
    used, start = processor_seconds(side), time.monotonic()
    result = run()
    return time.monotonic() - start, processor_seconds(side) - used, result


def benchmark_sql(name: str) -> str:
    """A file of SQL in benchmarks/."""
    return (ROOT / "benchmarks" / name).read_text(encoding="utf-8")


def limit(side):
    """Run the least that any pipeline has to do."""
    side.run(benchmark_sql("limit.sql"))


def classic_full(side) -> dict[str, float]:
    """Run the yardstick; stage -> seconds."""
    seconds = {}
    with side.classic_run() as execute:
        for stage, statements in side.classic_stages():
            start = time.monotonic()
            execute(statements)
            seconds[stage] = time.monotonic() - start
    return seconds


def contents(side, table: str, columns: tuple[str, ...], *before: str) -> tuple[int, int]:
    """How many rows a table has, and a checksum of these columns that does not depend on their order."""
    return side.run(*before, f"select count(*), {side.checksum.format(columns=', '.join(columns))} from {table}")


def columns_of(side, schema: str, table: str) -> dict[str, str]:
    """Column -> type; a schema's name may be that of an attached database."""
    (found,) = side.run(
        *side.beside_classic, "select string_agg(column_name || '=' || data_type, '|' order by ordinal_position) from information_schema.columns "
        f"where table_name = '{table}' and '{schema}' in (table_schema, table_catalog)")
    return dict(column.split("=") for column in found.split("|"))


def compared_with_classic(side) -> dict[str, dict]:
    """Our tables -> their rows, how many columns were compared with the yardstick's (all that both have), and whether they are equal.

    What is added up in another order may differ in its last digits, so numbers with a fraction are compared to nine of them.
    """
    compared = {}
    for ours, theirs in COMPARED.items():
        types, others = columns_of(side, *ours.split(".")), columns_of(side, "classic", theirs)
        columns = [f"cast({name} as decimal(38, 9))" if types[name].lower().startswith("double") else name for name in types if name in others]
        found, expected = (contents(side, table, columns, *side.beside_classic) for table in (ours, f"classic.{theirs}"))
        compared[ours] = {"rows": found[0], "columns": len(columns), "equal": found == expected}
    return compared


def measure_classic(side, figures: dict):
    """Add the figures of the yardstick to `figures`, and which of our tables equal its own; then drop them."""
    figures["classic_full_seconds"], figures["classic_full_cpu_seconds"], figures["classic_full_stages"] = taken(side, lambda: classic_full(side))
    figures["classic_full_tables"] = compared_with_classic(side)
    figures["tables_equal"] = all(table["equal"] for table in figures["classic_full_tables"].values())
    side.drop_classic()


def differing(figures: dict) -> str:
    """The names of the tables that do not equal the yardstick's."""
    return ", ".join(name for name, table in figures["classic_full_tables"].items() if not table["equal"])


@contextmanager
def written_to(json_file: str | None, **figures):
    """The figures of a run, to be added to; the file, if there is one, gets them in the end, even when a run breaks off."""
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
                     help="At most this many messages by the same people before others follow; with more than a few parts the days stay alike."),
        click.option("--folder", default="target/benchmark", show_default=True, help="Where data and database are made."),
        click.option("--memory", default="8GB", show_default=True,
                     help="Memory that a refresh, and the yardstick, may use (DuckDB)."),
        click.option("--json", "json_file", default=None, help="File for the figures."),
    ]
    return lambda command: functools.reduce(lambda decorated, option: option(decorated), reversed(options), command)


def prepared(engine: str, messages: int, days: int, part: int, folder: str, memory: str) -> tuple[OnDuckDB | OnPostgres, list[date]]:
    """A side without any message yet, and the days of the sample made for it; a sample made before is reused."""
    folder = (ROOT / folder).resolve()
    samples = generate_parts(folder / "sample", messages, 7, days, date(2026, 6, 10), part)
    side = (OnDuckDB if engine == "duckdb" else OnPostgres)(folder / engine, samples, memory)
    return side, sorted({day for day, _, _ in part_files(samples)})
