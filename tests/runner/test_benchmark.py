"""Benchmarks: the yardstick gives the same rows as the project, the results are written, and an interrupted run leaves nothing behind."""

import json
import os
from collections import Counter
from datetime import date

import click
import duckdb
import pytest
from click.testing import CliRunner

import benchmark
import benchmark_sides
import long_life
from benchmark_sides import COMPARED, OnDuckDB, OnPostgres, classic_full, compared_with_classic, refresh
from conftest import NO_SERVER
from large_sample import generate_parts, part_files
from performance_plot import points

KEYS = {
    "messages", "limit_seconds", "classic_full_seconds", "full_seconds", "day_seconds", "day_seconds_tenth_history", "empty_seconds",
    "limit_cpu_seconds", "classic_full_cpu_seconds", "full_cpu_seconds", "day_cpu_seconds", "day_cpu_seconds_tenth_history",
    "empty_cpu_seconds", "peak_memory_mb", "tables_equal",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return generate_parts(tmp_path_factory.mktemp("yardstick_sample"), 3_000, 7, 40, date(2026, 6, 10))


@pytest.mark.parametrize("kind", [OnDuckDB, OnPostgres])
def test_the_yardstick_makes_our_rows(tmp_path, sample, kind):
    if kind is OnPostgres and not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    side = kind(tmp_path, sample, "1GB")
    side.empty()
    side.receive(sorted(day for day, _, _ in part_files(sample)))
    refresh(side)
    assert set(classic_full(side)) > {"app_tracks", "sessions", "touches", "attribution", "path_credits"}
    compared = compared_with_classic(side)
    assert {name: table["equal"] for name, table in compared.items()} == dict.fromkeys(COMPARED, True)
    assert compared["sessions.attribution"]["columns"] == 45 and all(table["rows"] > 50 for table in compared.values())
    side.run("update sessions.attribution set days_to_signup = days_to_signup + 0.00001 where alias_id in (select min(alias_id) from sessions.attribution)")
    assert [name for name, table in compared_with_classic(side).items() if not table["equal"]] == ["sessions.attribution"]


def test_the_yardstick_that_does_not_fit(tmp_path):
    side = OnDuckDB(tmp_path, [], "10MB")
    with pytest.raises(click.ClickException, match="does not fit into 10MB of memory"), side.classic_run() as execute:
        execute("select count(distinct md5(cast(i as text))) from range(10000000) as numbers (i)")


def test_what_the_benchmark_writes(tmp_path, monkeypatch):
    class Side(OnDuckDB):
        def empty(self):
            self.folder.mkdir(exist_ok=True)

        receive = bytes_stored = keep_copy = lambda *_: (0, 0)

    monkeypatch.setattr(benchmark, "refresh", lambda *_: (1.0, {}))
    monkeypatch.setattr(benchmark, "taken", lambda _, run: (6.0, 3.0, run()))
    monkeypatch.setattr(benchmark, "limit", lambda _: None)
    monkeypatch.setattr(benchmark_sides, "taken", lambda *_: (12.0, 12.0, {}))
    monkeypatch.setattr(benchmark_sides, "compared_with_classic", lambda _: {"t": {"equal": False}})
    monkeypatch.setattr(benchmark, "prepared", lambda *_: (Side(tmp_path / "side", [], "1GB"), [date(2026, 6, day) for day in range(1, 9)]))
    done = CliRunner().invoke(benchmark.main, ["--json", str(tmp_path / "figures.json"), "--no-count"])
    assert done.exit_code == 1 and "rows of the yardstick and ours differ: t." in done.output
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8")).keys() >= KEYS
    assert "classic full ÷ full              2.00       4.00  ≥ 1.3 at 10 million" in done.output


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
        """Messages in the fourth quarter of the days per message in the second."""
        folders = generate_parts(tmp_path / str(part), 12_000, 7, 120, date(2026, 6, 10), part)
        messages = Counter()
        for day, _, path in part_files(folders):
            messages[day] += duckdb.read_parquet(str(path)).shape[0]
        by_day = [messages[day] for day in sorted(messages)]
        quarter = len(by_day) // 4
        return sum(by_day[3 * quarter:]) / sum(by_day[quarter:2 * quarter])

    assert late_to_early(12_000) > 1.4
    assert late_to_early(1_000) == pytest.approx(1, abs=0.2)
