"""DuckDB and PostgreSQL hold the same rows in every published table, fractions to the last bit."""

from datetime import datetime, timedelta

import samples
from harness import PUBLISHED, as_vars, plain
from oracle import Settings

SITE = Settings(own_domains=("example.com",))
# Of the marts, those that add up nothing in whatever order an engine happens to read it.
MARTS = ("reporting.path_credits", "reporting.removal_effects", "reporting.journeys", "reporting.time_to_signup")


def test_engines_agree(duckdb_engine, postgres_engine, small_sample_days):
    engines = (duckdb_engine, postgres_engine)
    loads = (samples.together([*small_sample_days[:-1], signups_at_odd_times()]), small_sample_days[-1])
    for load in loads:
        for engine in engines:
            engine.receive(load)
            engine.refresh(as_vars(SITE), reporting=load is loads[-1])
    for table in (*PUBLISHED, *MARTS):
        rows, others = (comparable(engine, table) for engine in engines)
        assert len(rows) == len(others), table
        unequal = [pair for pair in zip(rows, others) if pair[0] != pair[1]]
        assert not unequal, f"{table}: {len(unequal)} rows differ, first on DuckDB, then on PostgreSQL:\n{unequal[0]}"


def signups_at_odd_times():
    """Visits and sign-ups with times between them that come out rounded differently unless they are counted in microseconds."""
    started, wait = datetime(2026, 5, 1), timedelta(days=1)
    devices = [({"anonymous_id": f"odd {n}"}, started + wait + n * timedelta(seconds=333, microseconds=333_333)) for n in range(100)]
    return {
        "pages": [{**device, "id": f"page of {at}", "timestamp": started, "received_at": started} for device, at in devices],
        "tracks": [{**device, "id": f"sign-up at {at}", "event": "signed_up", "timestamp": at, "received_at": at}
                   for device, at in devices],
    }


def comparable(engine, table):
    """The rows, sorted."""
    rows = engine.published(table) if table in PUBLISHED else engine.fetch(table)
    return sorted(repr({column: plain(value) for column, value in row.items()}) for row in rows)
