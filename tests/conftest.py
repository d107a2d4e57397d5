"""Fixtures: databases to test on, rules, and sample data.

Tests with an `engine` run on DuckDB and on PostgreSQL; the latter needs PGHOST:
python tests/support/with_postgres.py pytest tests
"""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("scripts", "benchmarks", "tests/support", "tests/reports")]

import samples  # noqa: E402
from engines import DuckDB, Postgres  # noqa: E402
from harness import Engine, project_rules  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it, and a shell's background jobs ignore it
os.environ["SIGNUP_ATTRIBUTION_VARS"] = ""  # whoever runs the tests may have a my_site.yml
# These take the longest, from a minute of processor time to a third of one.
LONGEST = (
    "test_chaos.py", "test_stages.py::test_stage_by_stage", "test_unattended.py::test_on", "test_package.py", "test_affected.py::test_random_runs",
    "test_readers.py::test_readers_of", "test_exactness.py::test_first_load", "test_definitions.py::test_views", "test_sample.py::test_a_sample",
    "test_properties.py::test_duckdb", "test_properties.py::test_postgres", "test_partitions.py::test_months", "test_dbt_build.py::test_build_from_scratch",
    "test_rules.py::test_edited_rules", "test_reporting.py::test_marts", "test_runner.py::test_refreshes", "test_plans.py", "test_links.py",
    "test_neighbours.py", "test_resume.py::test_refreshes_that", "test_resume.py::test_full", "test_resume.py::test_parts", "test_resume.py::test_models_run",
    "test_rules.py::test_changed", "test_analysts.py::test_analyses", "test_erasure.py", "test_credits.py::test_removal_effects", "test_access.py::test_roles",
    "test_notify.py::test_refreshes", "test_sources.py::test_tables_and", "test_benchmark.py::test_the_yardstick", "test_explain.py::test_stories",
)
# For tests of what is decided before any SQL is sent, and of SQL that other tests run on PostgreSQL.
on_duckdb = pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
NO_SERVER = "PGHOST is not set: run it by tests/support/with_postgres.py"


def place(item) -> int:
    """Where a test stands in the list of the longest."""
    name = item.nodeid.rpartition("/")[2]
    return next((number for number, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest tests first. xdist cuts the list into equal parts, one for each worker, so each part begins with its share of them."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0))
    if not workers:
        return
    in_order = sorted(items, key=place)
    count_longest = sum(place(item) < len(LONGEST) for item in items)
    longest, others, total, dealt = in_order[:count_longest], in_order[count_longest:], len(items), []
    for number in range(workers):
        share = longest[number::workers]
        count = max(total * (number + 1) // workers - total * number // workers - len(share), 0)
        dealt += [*share, *others[:count]]
        others = others[count:]
    items[:] = [*dealt, *others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Commands that a test calls in this process set environment variables, which the next test must not see."""
    kept = dict(os.environ)
    try:
        return (yield)
    finally:
        os.environ.clear()
        os.environ.update(kept)


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
