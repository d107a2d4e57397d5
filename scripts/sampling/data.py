"""Make sample data: messages of an imaginary site, as a Segment warehouse stores them.

Files: OUT/<collection>/YYYY-MM-DD.parquet, one for each collection (tracks, pages, identifies, aliases) and load day, that is the
day (UTC) of `uuid_ts`. The same settings give the same rows in the same order, with one version of DuckDB. What the data is like,
clean and dirty, is written in the SQL steps beside this file.
"""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import duckdb

from common.project import read_queries

STEPS = Path(__file__).parent
queries = read_queries(STEPS / "money.sql")
DEFAULTS = {"messages": 50_000, "seed": 7, "days": 60, "end": date(2026, 6, 10)}
MIN_MESSAGES = 100
FILE_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.parquet")

COLLECTIONS = ("tracks", "pages", "identifies", "aliases")  # a view each, in the last step
# A warehouse adds a column when its first value comes: these appear in the middle of the days.
NEW_COLUMNS = ("context_campaign_term", "plan")
OWN_COLUMNS = ("load_day", "visit_no", "k", "copy")  # of the views, for the order of rows


def generate(out_dir, messages=DEFAULTS["messages"], seed=DEFAULTS["seed"],
             days=DEFAULTS["days"], end=DEFAULTS["end"], first_person=1) -> dict[str, int]:
    """Write about `messages` messages (copies included) loaded on `days` days up to and including `end`.

    first_person: number of the first person, from which their user ids come. Sample files of an earlier run in `out_dir` are removed
    first. Returns the number of rows by collection, and of `files`. Raises ValueError for settings out of range.
    """
    if messages < MIN_MESSAGES or days < 1:
        raise ValueError(f"at least {MIN_MESSAGES} messages and 1 day are needed")
    out_dir, first = Path(out_dir), end - timedelta(days=days - 1)
    middle = first + timedelta(days=days // 2)
    for collection in COLLECTIONS:
        (out_dir / collection).mkdir(parents=True, exist_ok=True)
    for _, _, old in sample_files(out_dir):
        old.unlink()
    settings = {
        "seed": seed, "wanted_messages": messages, "day_count": days,
        "first_person": first_person,
        # Enough people: one sends 13 messages on average, half of that in a few days. The visits beyond the wanted number are cut off.
        "people_count": messages // (10 if days >= 30 else 4) + 200,
        "first_us": f"epoch_us(DATE '{first}')", "end_us": f"epoch_us(DATE '{end + timedelta(days=1)}')",
        "new_columns_us": f"epoch_us(DATE '{middle}')",
    }
    # Memory goes to disk beyond this limit, which leaves room for others on a small machine.
    with tempfile.TemporaryDirectory() as spill, duckdb.connect(config={"memory_limit": "5GB", "temp_directory": spill}) as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, value in settings.items():
            con.execute(f"CREATE MACRO {name}() AS ({value})::BIGINT")
        for step in sorted(STEPS.glob("[0-9]_*.sql")):
            con.execute(step.read_text(encoding="utf-8"))
        parts = con.execute("SELECT kind::VARCHAR, load_day, count(*) FROM messages GROUP BY ALL ORDER BY ALL").fetchall()

        def write(part):
            kind, day, _ = part
            hidden = [*OWN_COLUMNS, *(() if day >= middle else NEW_COLUMNS)]
            file = str(out_dir / kind / f"{day}.parquet").replace("'", "''")
            con.cursor().execute(f"""
                COPY (
                    SELECT COLUMNS(lambda name: name NOT IN {hidden}) FROM {kind} WHERE load_day = DATE '{day}'
                    ORDER BY uuid_ts, received_at, id, visit_no, k, copy
                ) TO '{file}' (FORMAT parquet)""")

        # A day is too small for DuckDB to split between cores, so several are written at a time.
        workers = con.execute("SELECT current_setting('threads')").fetchone()[0]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(write, parts))
    counts = {c: sum(n for kind, _, n in parts if kind == c) for c in COLLECTIONS}
    return {**counts, "files": len(parts)}


def sample_files(out_dir, from_day=None, to_day=None) -> list[tuple[date, str, Path]]:
    """The files in `out_dir` as (load day, collection, path), in load order, limited to the days."""
    found = [(date.fromisoformat(path.stem), collection, path) for collection in COLLECTIONS
             for path in (Path(out_dir) / collection).glob("*.parquet") if FILE_NAME.fullmatch(path.name)]
    return sorted(one for one in found if (from_day or date.min) <= one[0] <= (to_day or date.max))


def write_money(sample: Path, out: Path, until: date):
    """Write ad_spend.csv and subscriptions.csv for the messages in `sample` that came up to this day."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        for name, query, collection in (("ad_spend", queries.ad_spend, "pages"), ("subscriptions", queries.subscriptions, "tracks")):
            rows = connection.sql(query, params={collection: f"{sample}/{collection}/*.parquet", "until": until})
            rows.write_csv(str(out / f"{name}.csv"))
