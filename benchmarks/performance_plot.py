#!/usr/bin/env python3
"""The picture of docs/performance.md: how long a refresh takes with how many messages stored, ours and the yardstick's.

python benchmarks/performance_plot.py benchmarks/results/*.json    after benchmarks/benchmark.py --json for each size and engine
"""

import json
from pathlib import Path

import altair as alt
import click

from place import ROOT

OUTPUT = ROOT / "docs" / "performance.svg"
ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}
DAY, FULL, CLASSIC = "a day more", "all of history, from the sources", "a plain project rebuilt whole, each day"
COLORS = {DAY: "#0b6e4f", FULL: "#7a9e9f", CLASSIC: "#b5446e"}


def points(figures: dict) -> list[dict]:
    """The points of one run of the benchmark: engine, what, millions of messages stored, seconds, and the points that each is joined with.

    Days differ from run to run, so only those of one run are joined. A run that broke off lacks some.
    """
    millions = figures["messages"] / 1e6
    shown = [
        (DAY, millions, "day_seconds"), (DAY, millions / 10, "day_seconds_tenth_history"), (FULL, millions, "full_seconds"),
        (CLASSIC, millions, "classic_full_seconds"),
    ]
    return [
        {"engine": ENGINES[figures["engine"]], "what": what, "millions": size, "seconds": figures[name],
         "line": f"{what} of {millions}" if what == DAY else what}
        for what, size, name in shown if name in figures
    ]


def chart(rows: list[dict]) -> alt.FacetChart:
    """Both axes in powers of ten, one panel per engine."""
    what = alt.Color("what:N", title=None, sort=list(COLORS), legend=alt.Legend(orient="bottom", columns=1, labelLimit=0),
                     scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())))
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("millions:Q", title="millions of messages stored", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g", grid=False)),
        y=alt.Y("seconds:Q", title="seconds", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g")), color=what)
    lines = base.mark_line(strokeWidth=2).encode(detail="line:N") + base.mark_point(size=60, filled=True, opacity=1)
    return lines.properties(width=320, height=260).facet(column=alt.Column("engine:N", title=None)).configure_view(stroke=None)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", default=OUTPUT, type=click.Path(dir_okay=False, path_type=Path), show_default=True)
def main(files, output):
    """Draw what the benchmark's JSON files hold."""
    rows = [point for file in files for point in points(json.loads(file.read_text(encoding="utf-8")))]
    output.parent.mkdir(exist_ok=True)
    chart(rows).save(output)


if __name__ == "__main__":
    main()
