"""Measure refreshes of lopsided messages: twice as many may not take much more than twice the time.

    python benchmarks/benchmark_skew.py
    python tests/support/with_postgres.py python benchmarks/benchmark_skew.py --engine postgres --size 20000
    python benchmarks/benchmark_skew.py --poison

Each shape is what a few visitors, a broken script or a forger can send: a device shared by n users, a user of n devices, a
session of n arrivals, and so on. For n and 2n messages of each shape it measures the first refresh, and the refresh after one
late message that concerns all of them. Prints processor seconds, less those of a refresh that finds nothing new, and their
ratio; exits with 1 when a ratio is above --limit, even when measured again. A server has to run on this machine.

--poison measures instead what a forger can do to identity: ordinary messages are followed by many that put one id together with many
others, then by as many ordinary ones and one more of the forger's. Each refresh is compared with that of as many ordinary messages:
whole processor seconds and peak memory, which may be --poison-limit times as much. suspicious_identities has to list the one id.
"""

import shutil

import click

from benchmark_sides import OnDuckDB, OnPostgres, Watch, refresh, taken, written_to
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
# What a visitor sends, and what a forger can: shape, how many messages of it, and the id that suspicious_identities then lists.
ORDINARY = {
    "pages": ("'visitor {0} ' || i", "'customer {0} ' || (i - i % 2)", "'https://shop.example/?gclid=' || i", "null", "i * interval '1 second'"),
}
ORDINARY_SIZE = 100_000
POISONS = {
    "a user on 50,000 devices": (SHAPES["devices of a user"], 50_000, "u"),
    "a device with 20,000 users": ({"pages": ("'shared'", "'user ' || i", *SHAPES["users of a device"]["pages"][2:])}, 20_000, "shared"),
    "aliases chain 1,000 users": ({"aliases": ("'user ' || i", "'user ' || i + 1", "i * interval '1 second'"),
                                   "pages": ("'device ' || i", "'user ' || i", *SHAPES["devices of a user"]["pages"][2:])}, 1_000, "user 1"),
}
FIRST = "timestamp '2010-01-01'"
LOADED = "timestamp '2026-01-01'"
RUNS = ("first", "late")
LEAST_SECONDS = 1.0  # what takes less counts as this much


def load(side, shape: dict, size: int):
    """Put the messages of a shape into empty source tables, each with a sign-up at the end, and say where they are."""
    side.empty()
    side.sources = {name: {"schema": "segment", "table": name, "optional": True} for name in TABLES}
    side.write_variables()
    side.run("create schema segment", *(
        f"create table segment.{name} (id text, {', '.join(f'{column} text' for column in columns)}, \"timestamp\" timestamp, received_at timestamp)"
        for name, columns in TABLES.items()))
    send(side, shape, size)
    for user in ("'u'", "'user 2'"):
        side.run(f"insert into segment.tracks values ('sign-up of ' || {user}, null, {user}, 'signed_up', {LOADED}, {LOADED})")


def send(side, shape: dict, size: int, name_of: str = "", loaded: str = LOADED):
    """Add this many messages of a shape to the source tables. name_of: what their ids begin with, and `{0}` in the shape stands for."""
    for name, (*values, sent) in shape.items():
        columns = ", ".join(values).format(name_of)
        side.run(f"insert into segment.{name} select '{name_of}{name} ' || i, {columns}, {FIRST} + {sent}, {loaded} "
                 f"from generate_series(1, {size}) as numbers (i)")


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
    """Of the first refresh and the one after the late message: processor seconds beyond those with nothing new, and the slowest model."""
    load(side, shape, size)
    first = refreshed(side)
    late_message(side, shape)
    late = refreshed(side)
    idle, _ = refreshed(side)
    return {run: (max(seconds - idle, LEAST_SECONDS), model) for run, (seconds, model) in zip(RUNS, (first, late))}


def poisoned(side, shape: dict, size: int) -> dict[str, tuple[float, float]]:
    """Processor seconds and bytes of the refreshes with so many ordinary messages, with as many of the forger's, and after that."""
    load(side, {}, 0)
    send(side, ORDINARY, ORDINARY_SIZE)
    refresh(side)
    found = {}
    for number, (run, sent) in enumerate({"usual": ORDINARY, "poison": shape, "after": ORDINARY}.items(), 1):
        loaded = f"{LOADED} + interval '{number} days'"
        send(side, sent, size, f"{run} ", loaded)
        if run == "after":
            send(side, shape, 1, "last ", loaded)
        watch = Watch(0.5)
        watch.start()
        _, used, _ = taken(side, lambda: refresh(side))
        watch.stopped.set()
        watch.join()
        found[run] = used, side.bytes_held + (watch.peak if side.engine == "postgres" else 0)
    return found


def measure_poisons(side, limit: float, figures: dict) -> list[str]:
    """Print what each poison takes, and return what is above the limit."""
    slow = []
    for name, (shape, size, suspicious) in POISONS.items():
        figures[name] = found = poisoned(side, shape, size)
        if side.run(f"select count(*) from aliasing.suspicious_identities where id = '{suspicious}'") == (0,):
            raise click.ClickException(f"{name}: suspicious_identities does not list '{suspicious}'.")
        for run in ("poison", "after"):
            ratios = [more / less for more, less in zip(found[run], found["usual"])]
            slow += [f"{name} ({run})"] if max(ratios) > limit else []
            (less, few), (more, many) = found["usual"], found[run]
            click.echo(f"{name:<28}{run:<8}{less:>7.1f} s{more:>7.1f} s{ratios[0]:>6.2f}{few / 2**20:>8.0f} MB{many / 2**20:>6.0f} MB{ratios[1]:>6.2f}")
    return slow


def least(one: dict, other: dict) -> dict:
    """The shorter time of each refresh, of two measurements of the same."""
    return {run: min(one[run], other[run]) for run in RUNS}


def ratio(one: dict, two: dict) -> float:
    """How many times as long the refreshes of twice as much took, at most."""
    return max(two[run][0] / one[run][0] for run in RUNS)


@click.command()
@click.option("--engine", type=click.Choice(["duckdb", "postgres"]), default="duckdb", show_default=True)
@click.option("--size", default=40_000, show_default=True, help="How many messages of a shape; it is measured with twice as many, too.")
@click.option("--limit", default=2.5, show_default=True, help="How many times as long twice as many may take.")
@click.option("--shape", "shapes", multiple=True, type=click.Choice(list(SHAPES)), help="Only this shape; may be repeated.")
@click.option("--poison", "is_poison", is_flag=True, help="Measure instead what a forger can do to identity.")
@click.option("--poison-limit", default=3.0, show_default=True, help="How many times as much as usual that may take.")
@click.option("--folder", default="target/benchmark_skew", show_default=True, help="Where the database is made.")
@click.option("--json", "json_file", default=None, help="File for the figures.")
def main(engine, size, limit, shapes, is_poison, poison_limit, folder, json_file):
    """Measure refreshes of lopsided messages at one and at twice the size."""
    folder = (ROOT / folder / engine).resolve()
    side = (OnDuckDB if engine == "duckdb" else OnPostgres)(folder, [], "8GB")
    slow = []
    load(side, next(iter(SHAPES.values())), 2)
    refresh(side)  # parses the project, so that the measured ones find it parsed
    with written_to(json_file, engine=engine, size=size) as figures:
        if is_poison:
            limit, slow = poison_limit, measure_poisons(side, poison_limit, figures)
        for name in () if is_poison else shapes or SHAPES:
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
        raise click.ClickException(f"more than {limit} times as much: {', '.join(slow)}.")


if __name__ == "__main__":
    main()
