"""Measure a refresh against the classic window pipeline and the least any pipeline could do, in one run on one machine.

    python scripts/benchmark.py --messages 10000000
    python scripts/with_postgres.py python scripts/benchmark.py --engine postgres --messages 1000000

Makes sample messages and refreshes all but the last three days of them. On what is stored then it times the limit (one bare
hash aggregate, benchmarks/limit.sql) and the classic pipeline (benchmarks/classic.sql), which has to make the same sessions,
or the benchmark fails. Then the last three days arrive one by one, then three times nothing new (the first of them also brings
what changed last to the second of the readers' files, on DuckDB). The same three days arrive once more on the last tenth of the
days before them, which shows what a longer history costs. What the refresh of the last day read is counted by the engine: its
statements are run once more on a copy of the database, where there is room for one (--no-count leaves that out). Where the
classic pipeline runs out of memory or disk (DuckDB), it is run in parts of the persons. Prints seconds, ratios and rows;
--json FILE writes them, and where a run breaks off those that it has. Timings depend on the machine: compare ratios of one run.
"""

import shutil
import statistics
import time
from datetime import date
from pathlib import Path

import click

from benchmark_sides import (
    Watch, benchmark_options, classic_seconds, limit, prepared, refresh, same_sessions, seconds_of, written_to,
)
from statements import logged, statements

# What makes sessions out of the stored messages, and so what the classic pipeline does too.
SESSION_MODELS = (
    "message_buckets", "identity_spans", "known_pairs", "device_owners", "aliases", "device_sessions", "affected_aliases",
    "session_members", "new_sessions", "all_sessions",
)
ARRIVING_DAYS = 3
EMPTY_REFRESHES = 3


def days_arrive(side, days: list[date], is_counted: bool) -> tuple[list[float], dict[str, dict], Path | None]:
    """After each of the days a refresh: their seconds; of the last one table -> rows written and seconds, and its log for `with_rows_read`.

    is_counted: whether what it reads is to be counted.
    """
    taken, log, is_kept = [], side.folder / "log", False
    for day in days:
        side.receive([day])
        if day == days[-1]:
            is_kept = is_counted and side.keep_copy()
            shutil.rmtree(log, ignore_errors=True)
        seconds, tables = refresh(side, logged(log) if day == days[-1] else None)
        taken.append(seconds)
        click.echo(f"{day}: {seconds:.1f} s", err=True)
    return taken, tables, log if is_kept else None


def with_rows_read(side, tables: dict[str, dict], log: Path | None) -> dict[str, dict]:
    """The tables of the last refresh of `days_arrive` with the rows that it read; None where they cannot be counted."""
    rows_read = side.rows_read(statements(log)) if log else {}
    return {name: {**table, "rows_read": rows_read.get(name)} for name, table in tables.items()}


def measure(side, days: list[date], is_counted: bool, figures: dict):
    """Add all figures of one engine to `figures`, one after another."""
    before, arriving = days[:-ARRIVING_DAYS], days[-ARRIVING_DAYS:]
    side.empty()
    side.receive(before)
    watch = Watch()
    watch.start()
    figures["full_seconds"], figures["models"] = refresh(side)
    click.echo(f"full: {figures['full_seconds']:.1f} s", err=True)
    watch.stopped.set()
    figures["peak_memory_mb"] = (side.peak_memory(watch) or 0) // 2**20
    figures["database_mb"] = sum(side.bytes_stored()) // 2**20
    figures["limit_seconds"] = seconds_of(lambda: limit(side))
    figures["classic_seconds"], figures["classic_parts"] = classic_seconds(side)
    figures["sessions_equal"] = same_sessions(side)
    click.echo("limit {limit_seconds:.1f} s, classic {classic_seconds:.1f} s, equal: {sessions_equal}".format(**figures), err=True)
    figures["sessions_seconds"] = sum(figures["models"][name]["seconds"] for name in SESSION_MODELS)
    figures["days_seconds"], *last_day = days_arrive(side, arriving, is_counted)
    figures["day_seconds"] = statistics.median(figures["days_seconds"])
    figures["empties_seconds"] = [refresh(side)[0] for _ in range(EMPTY_REFRESHES)]
    figures["empty_seconds"] = statistics.median(figures["empties_seconds"])
    click.echo("nothing new: {}".format(", ".join(f"{seconds:.1f} s" for seconds in figures["empties_seconds"])), err=True)
    figures["day_models"] = with_rows_read(side, *last_day)

    side.empty()
    side.receive(before[-max(1, len(before) // 10):])
    refresh(side)
    figures["days_seconds_tenth_history"], *last_day = days_arrive(side, arriving, is_counted)
    figures["day_seconds_tenth_history"] = statistics.median(figures["days_seconds_tenth_history"])
    figures["day_models_tenth_history"] = with_rows_read(side, *last_day)


def shown(number: int | None) -> str:
    """A number of rows; a dash where they were not counted."""
    return "-" if number is None else f"{number:,}"


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
        f"the classic pipeline ran in {figures['classic_parts']} parts, peak memory {figures['peak_memory_mb']:,} MB, database {figures['database_mb']:,} MB, "
        f"sessions equal: {figures['sessions_equal']}"
    )
    lines.append(f"{'':<28}{'full':>9}{'written':>14}{'last day':>12}{'written':>14}{'read':>14}{'on a tenth':>14}")
    for name, full in figures["models"].items():
        day, tenth = figures["day_models"][name], figures["day_models_tenth_history"][name]
        lines.append(
            f"  {name:<26}{full['seconds']:>9.1f}{full['rows_written']:>14,}{day['seconds']:>12.1f}{day['rows_written']:>14,}"
            f"{shown(day['rows_read']):>14}{shown(tenth['rows_read']):>14}"
        )
    return "\n".join(lines)


@click.command()
@benchmark_options(days=60)
@click.option("--count/--no-count", "is_counted", default=True, show_default=True, help="Whether rows read are counted, on a copy.")
def main(engine, messages, days, part, folder, memory, json_file, is_counted):
    """Measure a refresh against the classic window pipeline and against one bare pass of the data."""
    side, found = prepared(engine, messages, days, part, folder, memory)
    with written_to(json_file, engine=engine, messages=messages, days=days, part=part) as figures:
        measure(side, found, is_counted, figures)
    click.echo(report(figures))
    if not figures["sessions_equal"]:
        raise click.ClickException("the sessions of the classic pipeline and ours differ.")


if __name__ == "__main__":
    main()
