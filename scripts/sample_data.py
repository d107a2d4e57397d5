"""Make sample messages as Parquet files, and load them into PostgreSQL if asked.

    python scripts/sample_data.py --messages 50000 --out target/sample
    python scripts/sample_data.py --out target/sample --postgres --load-days 2026-04-12:2026-06-07
    python scripts/sample_data.py --out target/sample --postgres --reuse --load-days 2026-06-08:2026-06-08

scripts/sampling/data.py says what is in the files. The variables PG* say where PostgreSQL is.
"""

import sys
from pathlib import Path

import click
import duckdb
import psycopg2

from common.command_line import run
from common.errors import RefreshError
from database.errors import one_line
from database.postgres import connected
from sampling.data import DEFAULTS, MIN_MESSAGES, described, generate, load_postgres, read_days


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
