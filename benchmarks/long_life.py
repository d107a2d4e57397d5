"""Refresh day after day for two months: whether refreshes stay as fast, tables as small, and rows as exact as at first.

    python benchmarks/long_life.py --messages 10000000
    python tests/support/with_postgres.py python benchmarks/long_life.py --engine postgres --messages 10000000

Makes sample messages, refreshes all but the last --refreshes days of them, then refreshes after each of those days. At the end
everything is rebuilt from scratch, and every stored table has to be what it was, and what the yardstick of the benchmark makes, or
the command fails. Prints the seconds, the messages and the bytes of tables and indexes by day; --json FILE writes them, or those
it has when a run breaks off. As traffic grows over the days, a refresh is compared by seconds and by seconds per message; with
--part a twelfth of the messages traffic stays alike, but nobody comes back after some weeks.
"""

import statistics

import click

from benchmark_sides import benchmark_options, contents, differing, measure_classic, prepared, refresh, written_to

SCHEMAS = ("partitioning", "aliasing", "sessions_stages", "sessions")
# Tables of what is new, which a rebuild fills with everything.
TRANSIENT = ("schema_changes",)
# In which batch a row came, and what identifies evidence that may have been reclassified, say nothing about the messages.
BOOKKEEPING = ("batch_id", "newest_batch_id", "is_reclassified")
FROM, TO = 5, 60  # the refreshes that are compared


def stored_tables(side) -> dict[str, tuple[str, ...]]:
    """The tables that messages decide -> their columns."""
    names = side.run(
        "select string_agg(table_schema || '.' || table_name || '.' || column_name, ' ') from information_schema.columns "
        f"where table_schema in {SCHEMAS}"
    )[0].split()
    tables = {}
    for schema, table, column in sorted(name.split(".") for name in names):
        if table not in TRANSIENT and column not in BOOKKEEPING and not table.startswith("app_tracks_"):
            tables.setdefault(f"{schema}.{table}", []).append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


def live(side, days, refreshes: int, figures: dict):
    """Add the figures of all days and of the rebuild to `figures`, one after another."""
    side.empty()
    side.receive(days[:-refreshes])
    figures["first_seconds"], _ = refresh(side)
    figures["by_day"] = by_day = []
    for day in days[-refreshes:]:
        side.receive([day])
        seconds, tables = refresh(side)
        table_bytes, index_bytes = side.bytes_stored()
        by_day.append({
            "day": str(day), "seconds": round(seconds, 2), "messages": tables["app_tracks"]["rows_written"],
            "table_mb": table_bytes // 2**20, "index_mb": index_bytes // 2**20,
        })
        click.echo(" ".join(f"{name} {value}" for name, value in by_day[-1].items()), err=True)
    tables = stored_tables(side)
    lived = {table: contents(side, table, columns) for table, columns in tables.items()}
    figures["rebuild_seconds"], _ = refresh(side, None, "--full-refresh")
    figures["rebuilt_table_mb"], figures["rebuilt_index_mb"] = (size // 2**20 for size in side.bytes_stored())
    figures["tables_compared"] = len(tables)
    figures["tables_differing"] = [table for table, columns in tables.items() if contents(side, table, columns) != lived[table]]
    measure_classic(side, figures)


def around(by_day: list[dict], number: int) -> tuple[float, float]:
    """Median seconds, and seconds per 100,000 messages, of the five refreshes around one (fewer at the end)."""
    days = by_day[max(0, number - 3):number + 2]
    return (
        statistics.median(day["seconds"] for day in days),
        statistics.median(day["seconds"] / day["messages"] * 100_000 for day in days),
    )


def report(figures: dict) -> str:
    """The figures in words."""
    by_day = figures["by_day"]
    last = by_day[-1]
    early, late = around(by_day, FROM), around(by_day, min(TO, len(by_day)))
    return "\n".join((
        f"first refresh {figures['first_seconds']:.1f} s, rebuild at the end {figures['rebuild_seconds']:.1f} s, "
        f"the yardstick {figures['classic_full_seconds']:.1f} s",
        f"refresh {min(TO, len(by_day))} against refresh {FROM} (medians of the five around them): {late[0]:.1f} s against "
        f"{early[0]:.1f} s, {late[0] / early[0]:.2f} (goal ≤ 1.1 with even days); per message {late[1] / early[1]:.2f}",
        f"tables {last['table_mb']:,} MB, indexes {last['index_mb']:,} MB; rebuilt {figures['rebuilt_table_mb']:,} MB and "
        f"{figures['rebuilt_index_mb']:,} MB",
        f"{figures['tables_compared']} tables compared with the rebuild, {len(figures['tables_differing'])} differ; "
        f"tables equal to the yardstick's: {figures['tables_equal']}",
    ))


@click.command()
@benchmark_options(days=120)
@click.option("--refreshes", default=60, show_default=True, help="How many of the days arrive one by one.")
def main(engine, messages, days, part, folder, memory, json_file, refreshes):
    """Refresh day after day, and compare the tables with a rebuild."""
    side, found = prepared(engine, messages, days, part, folder, memory)
    with written_to(json_file, engine=engine, messages=messages, days=days, part=part) as figures:
        live(side, found, refreshes, figures)
    click.echo(report(figures))
    if figures["tables_differing"]:
        raise click.ClickException(f"tables differ from the rebuild: {', '.join(figures['tables_differing'])}.")
    if not figures["tables_equal"]:
        raise click.ClickException(f"rows of the yardstick and ours differ: {differing(figures)}.")


if __name__ == "__main__":
    main()
