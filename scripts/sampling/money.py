"""Money for sample messages: what ads cost, and what those who signed up pay. The figures are made up."""

from datetime import date
from pathlib import Path

import duckdb

from common.queries import read_queries

queries = read_queries(Path(__file__).with_suffix(".sql"))


def write_money(sample: Path, out: Path, until: date):
    """Write ad_spend.csv and subscriptions.csv for the messages of sample_data in `sample` that came up to this day."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        for name, query, collection in (("ad_spend", queries.ad_spend, "pages"), ("subscriptions", queries.subscriptions, "tracks")):
            rows = connection.sql(query, params={collection: f"{sample}/{collection}/*.parquet", "until": until})
            rows.write_csv(str(out / f"{name}.csv"))
