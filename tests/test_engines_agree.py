"""DuckDB and PostgreSQL hold the same rows in every published table."""

import samples
from harness import PUBLISHED, as_vars, plain
from oracle import Settings

SITE = Settings(own_domains=("example.com",))


def test_engines_agree(duckdb_engine, postgres_engine, small_sample_days):
    engines = (duckdb_engine, postgres_engine)
    for load in (samples.together(small_sample_days[:-1]), small_sample_days[-1]):
        for engine in engines:
            engine.receive(load)
            engine.refresh(as_vars(SITE))
    for table in PUBLISHED:
        rows, others = (comparable(engine, table) for engine in engines)
        assert len(rows) == len(others), table
        unequal = [pair for pair in zip(rows, others) if pair[0] != pair[1]]
        assert not unequal, f"{table}: {len(unequal)} rows differ, first on DuckDB, then on PostgreSQL:\n{unequal[0]}"


def comparable(engine, table):
    """The rows, sorted, with floating numbers to nine decimals."""
    def shown(value):
        value = plain(value)
        return round(value, 9) if isinstance(value, float) else value

    return sorted(repr({column: shown(value) for column, value in row.items()}) for row in engine.published(table))
