"""Make sample messages as Parquet files, and load them into PostgreSQL if asked.

    python benchmarks/sample_data.py --messages 50000 --out target/sample
    python benchmarks/sample_data.py --out target/sample --postgres --load-days 2026-04-12:2026-06-07
    python benchmarks/sample_data.py --out target/sample --postgres --reuse --load-days 2026-06-08:2026-06-08

scripts/sampling/data.py says what is in the files. The variables PG* say where PostgreSQL is.
"""

import sys
import tempfile
from datetime import date
from pathlib import Path

import click
import duckdb
import psycopg2
from psycopg2 import sql

import place  # noqa: F401, so that the packages of scripts/ are found
from common.command_line import run
from common.errors import RefreshError
from database.errors import one_line
from database.postgres import connected
from sampling.data import COLLECTIONS, DEFAULTS, MIN_MESSAGES, generate, sample_files

POSTGRES_TYPES = {"VARCHAR": "text", "TIMESTAMP": "timestamp", "DOUBLE": "double precision"}


def load_postgres(out_dir, connection, schema="segment", from_day=None, to_day=None) -> dict[str, int]:
    """Append the files of the load days (all by default) to the tables of `schema`.

    Creates schema and tables if missing, and adds a column when the first file with it comes.
    Commits after each load day. A day loaded twice is stored twice. Returns the number of rows by
    collection. Raises ValueError if there are no files, psycopg2.Error if the server refuses.
    """
    files = sample_files(out_dir, from_day, to_day)
    if not files:
        raise ValueError(f"there are no sample files for these load days in {out_dir}")
    counts = dict.fromkeys(COLLECTIONS, 0)
    with (tempfile.TemporaryDirectory() as scratch, duckdb.connect() as con,
          connection.cursor() as cursor):
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        csv = Path(scratch) / "load.csv"
        for number, (day, collection, path) in enumerate(files):
            rows = con.read_parquet(str(path))
            table = sql.Identifier(schema, collection)
            columns = [
                (sql.Identifier(name), sql.SQL(POSTGRES_TYPES.get(str(kind), "text")))
                for name, kind in zip(rows.columns, rows.types)
            ]
            add = sql.SQL(", ").join(
                sql.SQL("ADD COLUMN IF NOT EXISTS {} {}").format(*c) for c in columns
            )
            cursor.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} ()").format(table))
            cursor.execute(sql.SQL("ALTER TABLE {} {}").format(table, add))
            con.execute(f"""COPY (FROM rows) TO '{csv}' (FORMAT csv, HEADER false, NULLSTR '\\N')""")
            names = sql.SQL(", ").join(name for name, _ in columns)
            copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '\\N')").format(table, names)
            with open(csv, "rb") as stream:
                cursor.copy_expert(copy, stream, size=1 << 20)
            counts[collection] += cursor.rowcount
            if number + 1 == len(files) or files[number + 1][0] != day:
                connection.commit()
    return counts


def read_days(text: str) -> tuple[date | None, date | None]:
    """FROM:TO, both with their days, either of them may be empty; one date means that day. Raises ValueError."""
    first, _, last = text.partition(":") if ":" in text else (text, "", text)
    return tuple(date.fromisoformat(day) if day else None for day in (first, last))


def described(counts: dict[str, int]) -> str:
    """Counts as words: '8 messages (3 tracks, 5 pages)'; files are not counted."""
    own = {name: count for name, count in counts.items() if name in COLLECTIONS}
    return f"{sum(own.values())} messages ({', '.join(f'{count} {name}' for name, count in own.items())})"


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", type=click.IntRange(min=MIN_MESSAGES), default=DEFAULTS["messages"], show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=DEFAULTS["seed"], show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="target/sample", show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), default=DEFAULTS["days"], show_default=True, help="Number of load days.")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), default=str(DEFAULTS["end"]), show_default=True, help="Last load day.")
@click.option("--postgres", is_flag=True, help="Also load into PostgreSQL.")
@click.option("--schema", default="segment", show_default=True, help="PostgreSQL schema to load into.")
@click.option("--load-days", default=":", help="Load days for PostgreSQL, FROM:TO; default all.")
@click.option("--reuse", is_flag=True, help="Load the files that are in --out, make none.")
def command(messages, seed, out, days, end, postgres, schema, load_days, reuse):
    if reuse and not postgres:
        raise RefreshError("--reuse makes no files: it needs --postgres.")
    try:
        first, last = read_days(load_days)
        if not reuse:
            print(f"made {described(generate(out, messages, seed, days, end.date()))} in {out}")
        if postgres:
            with connected("signup_attribution sample") as server:
                server.autocommit = False
                print(f"loaded {described(load_postgres(out, server, schema, first, last))} into schema {schema}")
    except (ValueError, OverflowError, OSError, duckdb.Error, psycopg2.Error) as error:
        raise RefreshError(f"{one_line(str(error)).rstrip('.')}: correct this and run again.") from error


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    return run(command, "sample_data.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
