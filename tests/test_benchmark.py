"""Benchmarks that take hours: what they do where memory or disk do not suffice, and what is left of one that breaks off."""

import json
import re
from collections import Counter
from datetime import date

import click
import duckdb
import pytest
from click.testing import CliRunner

import benchmark
import long_life
from benchmark_sides import classic_seconds
from large_sample import generate_parts, part_files
from performance_plot import points

FULL_DISK = "IO Error: Could not write file: No space left on device"


class Narrow:
    """A side where the classic pipeline fits only in so many parts."""

    def __init__(self, parts: int, error: type[Exception]):
        self.parts, self.error, self.ran = parts, error, []

    def run(self, statement: str):
        part = re.search(r"% (\d+) = (\d+)", statement)
        if not statement.startswith("drop") and (int(part[1]) if part else 1) < self.parts:
            raise self.error(FULL_DISK)
        self.ran.append(part and part.groups())


@pytest.mark.parametrize("error", [duckdb.OutOfMemoryException, duckdb.IOException])
def test_classic_pipeline_in_parts_where_it_does_not_fit(error):
    side = Narrow(4, error)
    assert classic_seconds(side)[1] == 4
    assert side.ran == [None, ("4", "0"), ("4", "1"), ("4", "2"), ("4", "3")]  # first the table that may be there is dropped


def test_classic_pipeline_that_does_not_fit_at_all():
    with pytest.raises(click.ClickException, match="16th of the persons.*No space left on device"):
        classic_seconds(Narrow(17, duckdb.IOException))


@pytest.mark.parametrize("script, run", [(benchmark, "measure"), (long_life, "live")])
def test_figures_of_a_run_that_breaks_off(tmp_path, monkeypatch, script, run):
    def broken_off(_side, _days, _option, figures):
        figures["full_seconds"] = 3.5
        raise click.ClickException("the refresh failed")

    monkeypatch.setattr(script, run, broken_off)
    monkeypatch.setattr(script, "prepared", lambda *_: (None, []))
    done = CliRunner().invoke(script.main, ["--messages", "2000000", "--json", str(tmp_path / "figures.json")])
    assert done.exit_code != 0 and "the refresh failed" in done.output
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["full_seconds"] == 3.5
    assert [(point["millions"], point["seconds"]) for point in points(figures)] == [(2, 3.5)]


def test_traffic_stays_alike_over_many_parts(tmp_path):
    def late_to_early(part) -> float:
        """Messages in the fourth quarter of the days for one in the second."""
        folders = generate_parts(tmp_path / str(part), 12_000, 7, 120, date(2026, 6, 10), part)
        messages = Counter()
        for day, _, path in part_files(folders):
            messages[day] += duckdb.read_parquet(str(path)).shape[0]
        by_day = [messages[day] for day in sorted(messages)]
        quarter = len(by_day) // 4
        return sum(by_day[3 * quarter:]) / sum(by_day[quarter:2 * quarter])

    assert late_to_early(12_000) > 1.4
    assert late_to_early(1_000) == pytest.approx(1, abs=0.2)
