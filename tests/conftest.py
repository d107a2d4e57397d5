"""Fixtures: databases to test on, rules, and sample data.

Tests with an `engine` run on DuckDB and on PostgreSQL; the latter needs PGHOST:
python scripts/with_postgres.py pytest tests
"""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("scripts", "benchmarks")]

import samples  # noqa: E402
from engines import DuckDB, Postgres  # noqa: E402
from harness import Engine, project_rules  # noqa: E402

os.environ["SIGNUP_ATTRIBUTION_VARS"] = ""  # a my_site.yml of whoever runs the tests says nothing of them
NO_SERVER = "PGHOST is not set: run it by scripts/with_postgres.py"


@pytest.fixture(scope="session")
def duckdb_session(tmp_path_factory):
    made = Engine(DuckDB(tmp_path_factory.mktemp("duckdb")), tmp_path_factory.mktemp("dbt"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres_session(tmp_path_factory):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    made = Engine(Postgres(), tmp_path_factory.mktemp("dbt"))
    yield made
    made.close()


@pytest.fixture
def duckdb_engine(duckdb_session):
    """An empty DuckDB database with the project on it."""
    duckdb_session.reset()
    return duckdb_session


@pytest.fixture
def postgres_engine(postgres_session):
    """An empty PostgreSQL database with the project on it."""
    postgres_session.reset()
    return postgres_session


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request):
    """An empty database with the project on it; the test runs once on each engine."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture(scope="session")
def project_seeds():
    """The oracle's view of the project's seed files."""
    return project_rules()


@pytest.fixture(scope="session")
def sample_days(tmp_path_factory):
    """Sample messages as a list of loads, one for each load day."""
    return samples.daily_loads(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def small_sample_days(tmp_path_factory):
    """As sample_days, with few messages."""
    return samples.daily_loads(tmp_path_factory.mktemp("small_sample"), messages=2_000)
