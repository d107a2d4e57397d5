"""Sample data as loads: raw rows by collection, one load for each load day."""

import duckdb

from sampling import data as sample_data

MESSAGES = 10_000


def rows_of(path) -> list[dict]:
    """The rows of a Parquet file as dicts."""
    result = duckdb.execute("select * from read_parquet(?)", [str(path)])
    names = [column[0] for column in result.description]
    return [dict(zip(names, values)) for values in result.fetchall()]


def daily_loads(folder, messages=MESSAGES, seed=11) -> list[dict]:
    """Generate messages in `folder` and return their loads in order of arrival."""
    sample_data.generate(folder, messages=messages, seed=seed)
    days = {}
    for day, collection, path in sample_data.sample_files(folder):
        days.setdefault(day, {})[collection] = rows_of(path)
    return [days[day] for day in sorted(days)]


def together(loads) -> dict:
    """Several loads as one."""
    merged = {}
    for load in loads:
        for collection, rows in load.items():
            merged.setdefault(collection, []).extend(rows)
    return merged
