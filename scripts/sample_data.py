"""Make sample data: messages of an imaginary site, as a Segment warehouse stores them.

Files: OUT/<collection>/YYYY-MM-DD.parquet, one for each collection (tracks, pages, identifies,
aliases) and load day, that is the day (UTC) of `uuid_ts`. The same settings give the same rows in
the same order, with one version of DuckDB. What the data is like, clean and dirty, is written in the
SQL steps in scripts/sampling/.

    python scripts/sample_data.py --messages 50000 --out target/sample
    python scripts/sample_data.py --out target/sample --postgres --load-days 2026-04-12:2026-06-07
    python scripts/sample_data.py --out target/sample --postgres --reuse --load-days 2026-06-08:2026-06-08
"""

import sys
from datetime import date, datetime
from pathlib import Path

import click
import duckdb
import psycopg2

from sampling.data import DEFAULTS, MIN_MESSAGES, generate, load_postgres


class Day(click.ParamType):
    """A date as YYYY-MM-DD."""

    name = "date"

    def convert(self, value, param, ctx):
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"'{value}' is not a date like 2026-06-10.", param, ctx)


class DayRange(click.ParamType):
    """FROM:TO, both with their days, either of them may be empty; one date means that day."""

    name = "from:to"

    def convert(self, value, param, ctx):
        parts = value.split(":") if ":" in value else [value, value]
        if len(parts) != 2:
            self.fail(f"'{value}' is not FROM:TO.", param, ctx)
        first, last = (Day().convert(p, param, ctx) if p else None for p in parts)
        if first and last and first > last:
            self.fail(f"'{value}' ends before it begins.", param, ctx)
        return first, last


@click.command(help="Make sample messages as Parquet files, and load them into PostgreSQL if asked.")
@click.option("--messages", type=click.IntRange(min=MIN_MESSAGES), default=DEFAULTS["messages"], show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=DEFAULTS["seed"], show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="target/sample", show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), default=DEFAULTS["days"], show_default=True,
              help="Number of load days.")
@click.option("--end", type=Day(), default=str(DEFAULTS["end"]), show_default=True, help="Last load day.")
@click.option("--postgres", is_flag=True, help="Also load into PostgreSQL (PGHOST, PGUSER, ... say where).")
@click.option("--schema", default="segment", show_default=True, help="PostgreSQL schema to load into.")
@click.option("--load-days", type=DayRange(), default=":", help="Load days for PostgreSQL, FROM:TO; default all.")
@click.option("--reuse", is_flag=True, help="Load the files that are in --out, make none.")
def command(messages, seed, out, days, end, postgres, schema, load_days, reuse):
    if reuse and not postgres:
        raise click.UsageError("--reuse makes no files: it needs --postgres.")
    connection = None
    if postgres:
        # First of all, so that nobody waits for files and then finds the server missing.
        try:
            connection = psycopg2.connect("")
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            raise click.ClickException(
                f"PostgreSQL cannot be reached, check PGHOST, PGPORT, PGUSER and PGDATABASE: {reason}"
            ) from error
    try:
        if not reuse:
            counts = generate(out, messages, seed, days, end)
            files = counts.pop("files")
            print(f"made {sum(counts.values())} messages in {files} files in {out}: {describe(counts)}")
        if connection:
            counts = load_postgres(out, connection, schema, *load_days)
            print(f"loaded {sum(counts.values())} messages into schema {schema}: {describe(counts)}")
    except OverflowError as error:
        raise click.UsageError("--end and --days reach beyond the years 1 to 9999.") from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from error
    except (ValueError, duckdb.Error, psycopg2.Error) as error:
        raise click.ClickException(" ".join(str(error).split())) from error
    finally:
        if connection:
            connection.close()


def describe(counts: dict[str, int]) -> str:
    """Counts as words: '3 tracks, 5 pages'."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def main() -> int:
    """Run the command line; errors are one sentence on stderr."""
    try:
        command.main(standalone_mode=False)
    except click.ClickException as error:
        print(f"sample_data: {error.format_message()}", file=sys.stderr)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("sample_data: stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
