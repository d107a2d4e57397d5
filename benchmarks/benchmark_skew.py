"""Measure refreshes of lopsided messages: twice as much of it may not take much more than twice the time.

    python benchmarks/benchmark_skew.py
    python scripts/with_postgres.py python benchmarks/benchmark_skew.py --engine postgres --size 20000

Each shape is what a few visitors, a broken script or a forger can send: a device shared by n users, a user of n devices, a
session of n arrivals, and so on. For n and 2n messages of each shape it measures the first refresh, and the refresh after one
late message that concerns all of them. Prints processor seconds, less those of a refresh that finds nothing new, and their
ratio; exits with 1 when a ratio is above --limit, also when measured again. A server has to run on this machine.
"""

import shutil

import click

from benchmark_sides import OnDuckDB, OnPostgres, refresh, taken, written_to
from place import ROOT

TABLES = {
    "pages": ("anonymous_id", "user_id", "url", "referrer"),
    "tracks": ("anonymous_id", "user_id", "event"),
    "aliases": ("previous_id", "user_id"),
}
# Shape -> table -> columns (others are null) of the i-th of n messages, and the time it was sent.
SHAPES = {
    "users of a device": {
        "pages": ("'shared'", "case when i % 2 = 0 then 'user ' || i end", "'https://shop.example/'", "null", "i * interval '30 minutes'"),
    },
    "turns on a device": {
        "pages": ("'shared'", "'user ' || case when i % 3 = 1 then i else i - i % 3 end", "'https://shop.example/'", "null", "i * interval '6 minutes'"),
    },
    "visits of a device": {
        "pages": ("'busy'", "null", "'https://shop.example/?utm_source=' || i % 7", "null", "i * interval '30 minutes'"),
    },
    "devices of a user": {
        "pages": ("'device ' || i", "'u'", "'https://shop.example/'", "null", "i * interval '10 seconds'"),
    },
    "aliases of a user": {
        "aliases": ("'earlier ' || i", "'u'", "i * interval '1 second'"),
        "pages": ("'a'", "'u'", "'https://shop.example/'", "null", "i * interval '1 second'"),
    },
    "events of a microsecond": {
        "pages": ("'a'", "'u'", "'https://shop.example/?utm_source=' || i % 7", "null", "interval '0 seconds'"),
    },
    "a session of years": {
        "pages": ("'a'", "null", "'https://shop.example/' || i", "null", "i * interval '15 minutes'"),
    },
    "touches of a session": {
        "pages": ("'a'", "'u'", "'https://shop.example/?utm_source=s' || i", "null", "i * interval '10 seconds'"),
    },
    "users of one visit each": {
        "pages": ("'device ' || i", "'user ' || i", "'https://shop.example/?gclid=' || i", "null", "i * interval '1 second'"),
    },
}
FIRST = "timestamp '2010-01-01'"
LOADED = "timestamp '2026-01-01'"
RUNS = ("first", "late")
LEAST_SECONDS = 1.0  # what takes less is taken for as long


def load(side, shape: dict, size: int):
    """Put the messages of a shape into empty source tables, each with a sign-up in the end, and say where they are."""
    side.empty()
    side.sources = {name: {"schema": "segment", "table": name, "optional": True} for name in TABLES}
    side.write_variables()
    side.run("create schema segment", *(
        f"create table segment.{name} (id text, {', '.join(f'{column} text' for column in columns)}, \"timestamp\" timestamp, received_at timestamp)"
        for name, columns in TABLES.items()))
    for name, (*values, sent) in shape.items():
        side.run(
            f"insert into segment.{name} select '{name} ' || i, {', '.join(values)}, {FIRST} + {sent}, {LOADED} "
            f"from generate_series(1, {size}) as numbers (i)")
    for user in ("'u'", "'user 2'"):
        side.run(f"insert into segment.tracks values ('sign-up of ' || {user}, null, {user}, 'signed_up', {LOADED}, {LOADED})")


def late_message(side, shape: dict):
    """One message of the first device and the first user before all others of the shape."""
    device, user = shape["pages"][:2]
    side.run(
        f"insert into segment.pages select 'late', {device}, {user}, 'https://shop.example/?gclid=1', null, {FIRST}, {LOADED} + interval '1 day' "
        "from (select 2 as i) as numbers")


def refreshed(side) -> tuple[float, str]:
    """Processor seconds of a refresh, and the model that took longest."""
    _, used, (_, tables) = taken(side, lambda: refresh(side))
    return used, max(tables, key=lambda model: tables[model]["seconds"])


def measured(side, shape: dict, size: int) -> dict[str, tuple[float, str]]:
    """Of the first refresh and of that after the late message: processor seconds more than with nothing new, and the model that took longest."""
    load(side, shape, size)
    first = refreshed(side)
    late_message(side, shape)
    late = refreshed(side)
    idle, _ = refreshed(side)
    return {run: (max(seconds - idle, LEAST_SECONDS), model) for run, (seconds, model) in zip(RUNS, (first, late))}


def least(one: dict, other: dict) -> dict:
    """Of two measurements of the same the shorter time of each refresh."""
    return {run: min(one[run], other[run]) for run in RUNS}


def ratio(one: dict, two: dict) -> float:
    """How many times as long the refreshes of twice as much took, at most."""
    return max(two[run][0] / one[run][0] for run in RUNS)


@click.command()
@click.option("--engine", type=click.Choice(["duckdb", "postgres"]), default="duckdb", show_default=True)
@click.option("--size", default=40_000, show_default=True, help="How many messages of a shape; it is measured with twice as many, too.")
@click.option("--limit", default=2.5, show_default=True, help="How many times as long twice as many may take.")
@click.option("--shape", "shapes", multiple=True, type=click.Choice(list(SHAPES)), help="Only this shape; may be repeated.")
@click.option("--folder", default="target/benchmark_skew", show_default=True, help="Where the database is made.")
@click.option("--json", "json_file", default=None, help="File for the figures.")
def main(engine, size, limit, shapes, folder, json_file):
    """Measure refreshes of lopsided messages at one and at twice the size."""
    folder = (ROOT / folder / engine).resolve()
    side = (OnDuckDB if engine == "duckdb" else OnPostgres)(folder, [], "8GB")
    slow = []
    load(side, next(iter(SHAPES.values())), 2)
    refresh(side)  # parses the project, which those that are measured find parsed
    with written_to(json_file, engine=engine, size=size) as figures:
        for name in shapes or SHAPES:
            one, two = (measured(side, SHAPES[name], count) for count in (size, 2 * size))
            if ratio(one, two) > limit:  # whatever else the machine does only adds to it
                one, two = (least(found, measured(side, SHAPES[name], count)) for found, count in ((one, size), (two, 2 * size)))
            figures[name] = {"one": one, "two": two}
            for run in RUNS:
                (less, _), (more, longest) = one[run], two[run]
                slow += [f"{name} ({run})"] if more / less > limit else []
                click.echo(f"{name:<26}{run:<7}{less:>8.1f} s{more:>8.1f} s{more / less:>7.2f}   longest: {longest}")
    shutil.rmtree(folder, ignore_errors=True)
    if slow:
        raise click.ClickException(f"more than {limit} times as long: {', '.join(slow)}.")


if __name__ == "__main__":
    main()
