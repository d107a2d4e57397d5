"""Measure a refresh against the classic window pipeline, in one run on one machine (DuckDB).

    python scripts/benchmark.py --messages 10000000

Makes sample messages, refreshes all but the last day of them, lets benchmarks/classic.sql make the same sessions, hands over
the last day, refreshes again, then once more with nothing new. Prints seconds and ratios; --json FILE writes them. Fails when
the sessions of both are not the same. Timings depend on the machine: compare ratios of one run.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import click
import duckdb
import yaml

from sample_data import generate, sample_files

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ("tracks", "pages", "identifies", "aliases")
COMPARED = (
    "alias_id", "session_number", "session_id", "landing_page_url", "exit_page_url", "event_count", "page_count",
    "session_start", "session_end",
)


def refresh(database: Path, variables: Path, *options: str) -> float:
    """Seconds of one refresh, as a command of its own, which prints a line for each model. Exits when it fails."""
    environment = {**os.environ, "SIGNUP_ATTRIBUTION_DUCKDB": str(database)}
    start = time.monotonic()
    command = [sys.executable, str(ROOT / "scripts" / "refresh.py"), "--vars", str(variables), *options]
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        raise click.ClickException("the refresh failed: see the sentence above and logs/dbt.log.")
    return time.monotonic() - start


def classic(database: Path, memory: str) -> tuple[float, bool]:
    """Seconds of the classic pipeline on the stored messages, and whether its sessions equal ours."""
    sql = (ROOT / "benchmarks" / "classic.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set memory_limit = '{memory}'")
        connection.execute("drop table if exists classic_sessions")
        start = time.monotonic()
        connection.execute(sql)
        seconds = time.monotonic() - start
        checksums = [
            connection.execute(f"select count(*), bit_xor(hash({', '.join(COMPARED)})) from {table}").fetchone()
            for table in ("classic_sessions", "sessions.all_sessions")
        ]
        connection.execute("drop table classic_sessions")
    return seconds, checksums[0] == checksums[1]


def hand_over(files: list[Path], sample: Path, landing: Path) -> None:
    """Put the files where the refresh looks for them."""
    for file in files:
        target = landing / file.relative_to(sample)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.link(file, target)


@click.command()
@click.option("--messages", default=1_000_000, show_default=True, help="How many messages to make.")
@click.option("--days", default=60, show_default=True, help="How many days they spread over.")
@click.option("--folder", default="target/benchmark", show_default=True, help="Where data and database are made.")
@click.option("--memory", default="8GB", show_default=True, help="Memory that either side may use.")
@click.option("--json", "json_file", default=None, help="File for the figures.")
def main(messages, days, folder, memory, json_file):
    """Measure a refresh against the classic window pipeline."""
    folder = (ROOT / folder).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    sample, landing, database = folder / "sample", folder / "landing", folder / "benchmark.duckdb"
    os.environ["SIGNUP_ATTRIBUTION_MEMORY"] = memory
    generate(sample, messages, 7, days, date(2026, 6, 10))
    files = sample_files(sample)
    last_day = files[-1][0]
    variables = folder / "variables.yml"
    variables.write_text(yaml.safe_dump({
        "sources": {name: {"files": f"{landing}/{name}/*.parquet", "optional": True} for name in COLLECTIONS},
        "own_domains": ["example.com"], "identity_policy": "last",
    }), encoding="utf-8")

    hand_over([path for day, _, path in files if day != last_day], sample, landing)
    figures = {"messages": messages, "full_seconds": refresh(database, variables)}
    hand_over([path for _, _, path in files], sample, landing)
    figures["day_seconds"] = refresh(database, variables, "--quiet")
    figures["empty_seconds"] = refresh(database, variables, "--quiet")
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    figures["database_mb"] = database.stat().st_size // 2**20
    figures["classic_seconds"], figures["sessions_equal"] = classic(database, memory)

    click.echo(f"\n{'':<28}{'seconds':>9}{'classic ÷ it':>14}")
    for name in ("classic_seconds", "full_seconds", "day_seconds", "empty_seconds"):
        click.echo(f"{name:<28}{figures[name]:>9.1f}{figures['classic_seconds'] / figures[name]:>14.1f}")
    click.echo(f"peak memory {figures['peak_memory_mb']:,} MB, database {figures['database_mb']:,} MB, "
               f"sessions equal: {figures['sessions_equal']}")
    if json_file:
        Path(json_file).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    if not figures["sessions_equal"]:
        raise click.ClickException("the sessions of the classic pipeline and ours differ.")


if __name__ == "__main__":
    main()
