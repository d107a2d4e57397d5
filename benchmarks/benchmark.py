"""Measure a refresh against a plain project that is rebuilt whole every morning, in one run on one machine.

    python benchmarks/benchmark.py --messages 10000000
    python tests/support/with_postgres.py python benchmarks/benchmark.py --engine postgres --messages 1000000

Makes sample messages and refreshes all but the last three days of them. Then it times the limit (one bare hash aggregate over what
is stored, benchmarks/limit.sql) and the yardstick (benchmarks/classic_full.sql), which reads the same sources and has to make the
same rows in every table and column that both have, or the benchmark fails. Then the last three days arrive one by one, then three
times nothing new (the first of them also brings what changed last to the second of the readers' files, on DuckDB). The same three
days arrive again on the last tenth of the days before them, which shows what a longer history costs. What the refresh of the
last day read is counted by the engine: its statements are rerun on a copy of the database, where there is room for one
(--no-count leaves that out). Prints seconds, processor seconds (a server has to run on this machine), ratios beside their goals,
and rows; --json FILE writes them, or those it has when a run breaks off. Compare ratios of one run: machines differ.
"""

import shutil
import statistics
from datetime import date
from pathlib import Path

import click

from benchmark_sides import Watch, benchmark_options, differing, limit, measure_classic, prepared, refresh, taken, written_to
from statements import logged, statements

ARRIVING_DAYS = 3
EMPTY_REFRESHES = 3
# Names of the figures compared -> the goal on each engine.
GOALS = {
    ("classic_full", "full"): {"duckdb": "≥ 1.3 at 10 million", "postgres": "≥ 1.2 at 10 million"},
    ("classic_full", "day"): {"duckdb": "≥ 6 at 10 million, ≥ 40 at 100 million", "postgres": "≥ 6 at 10 million"},
    ("day", "day_tenth_history"): {"duckdb": "≤ 1.3 at 100 million", "postgres": "≤ 1.5 at 10 million"},
}
EMPTY_GOAL = "≤ 5 s"


def days_arrive(side, days: list[date], is_counted: bool, figures: dict, history: str = "") -> tuple[dict[str, dict], Path | None]:
    """Refresh after each of the days. Returns of the last refresh: table -> rows written and seconds, and its log for `with_rows_read`.

    is_counted: whether what it reads is to be counted; history: the end of the names of the figures added.
    """
    seconds, used, log, is_kept = [], [], side.folder / "log", False
    for day in days:
        side.receive([day])
        if day == days[-1]:
            is_kept = is_counted and side.keep_copy()
            shutil.rmtree(log, ignore_errors=True)
        took, processor, (_, tables) = taken(side, lambda: refresh(side, logged(log) if day == days[-1] else None))
        seconds.append(took)
        used.append(processor)
        click.echo(f"{day}: {took:.1f} s, {processor:.1f} of a processor", err=True)
    figures[f"days_seconds{history}"], figures[f"days_cpu_seconds{history}"] = seconds, used
    figures[f"day_seconds{history}"], figures[f"day_cpu_seconds{history}"] = statistics.median(seconds), statistics.median(used)
    return tables, log if is_kept else None


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
    figures["full_seconds"], figures["full_cpu_seconds"], (_, figures["models"]) = taken(side, lambda: refresh(side))
    click.echo("full: {full_seconds:.1f} s, {full_cpu_seconds:.1f} of a processor".format(**figures), err=True)
    watch.stopped.set()
    figures["peak_memory_mb"] = (side.peak_memory(watch) or 0) // 2**20
    figures["database_mb"] = sum(side.bytes_stored()) // 2**20
    figures["limit_seconds"], figures["limit_cpu_seconds"], _ = taken(side, lambda: limit(side))
    measure_classic(side, figures)
    click.echo("yardstick: {classic_full_seconds:.1f} s, {classic_full_cpu_seconds:.1f} of a processor".format(**figures), err=True)
    last_day = days_arrive(side, arriving, is_counted, figures)
    empties = [taken(side, lambda: refresh(side))[:2] for _ in range(EMPTY_REFRESHES)]
    figures["empties_seconds"], figures["empties_cpu_seconds"] = (list(each) for each in zip(*empties))
    figures["empty_seconds"] = statistics.median(figures["empties_seconds"])
    figures["empty_cpu_seconds"] = statistics.median(figures["empties_cpu_seconds"])
    click.echo("nothing new: {}".format(", ".join(f"{seconds:.1f} s" for seconds in figures["empties_seconds"])), err=True)
    figures["day_models"] = with_rows_read(side, *last_day)

    side.empty()
    side.receive(before[-max(1, len(before) // 10):])
    refresh(side)
    last_day = days_arrive(side, arriving, is_counted, figures, "_tenth_history")
    figures["day_models_tenth_history"] = with_rows_read(side, *last_day)


def shown(number: int | None) -> str:
    """A number of rows; a dash where they were not counted."""
    return "-" if number is None else f"{number:,}"


def of(figures: dict, name: str, kind: str) -> float:
    """The seconds or cpu_seconds of a part of the run."""
    return figures[f"day_{kind}_tenth_history" if name == "day_tenth_history" else f"{name}_{kind}"]


def report(figures: dict) -> str:
    """The figures as tables: seconds, ratios beside their goals, models."""
    lines = [f"{'':<28}{'seconds':>9}{'processor':>11}"]
    for name in ("limit", "classic_full", "full", "day", "day_tenth_history", "empty"):
        lines.append(f"{name.replace('_', ' '):<28}{of(figures, name, 'seconds'):>9.1f}{of(figures, name, 'cpu_seconds'):>11.1f}")
    lines.append(f"{'':<28}{'seconds':>9}{'processor':>11}  goal")
    for (one, other), goals in GOALS.items():
        ratios = [of(figures, one, kind) / of(figures, other, kind) for kind in ("seconds", "cpu_seconds")]
        lines.append(f"{f'{one} ÷ {other}'.replace('_', ' '):<28}{ratios[0]:>9.2f}{ratios[1]:>11.2f}  {goals[figures['engine']]}")
    lines.append(f"{'nothing new':<28}{figures['empty_seconds']:>9.1f}{figures['empty_cpu_seconds']:>11.1f}  {EMPTY_GOAL}")
    lines.append("stages of the yardstick: " + ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in figures["classic_full_stages"].items()))
    lines.append(f"peak memory {figures['peak_memory_mb']:,} MB, database {figures['database_mb']:,} MB, tables equal: {figures['tables_equal']}")
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
    """Measure a refresh against a plain project that is rebuilt whole, and against one bare pass over the data."""
    side, found = prepared(engine, messages, days, part, folder, memory)
    with written_to(json_file, engine=engine, messages=messages, days=days, part=part) as figures:
        measure(side, found, is_counted, figures)
    click.echo(report(figures))
    if not figures["tables_equal"]:
        raise click.ClickException(f"rows of the yardstick and ours differ: {differing(figures)}.")


if __name__ == "__main__":
    main()
