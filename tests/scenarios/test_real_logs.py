"""Web logs of real sites, read as files, give the known numbers of sessions."""

from pathlib import Path

import pytest

from harness import assert_equal
from oracle import Settings
from samples import rows_of

LOGS = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize("name, sessions", [
    ("elastic_apache", 3_223), ("webtrackr", 820), ("wikimedia_reconstructr", 23_188)])
def test_number_of_sessions(duckdb_engine, project_seeds, name, sessions):
    path = LOGS / name / "pages.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not part of the project")
    engine = duckdb_engine
    engine.refresh({"sources": {"pages": {"files": str(path)}}})
    assert len(engine.published("all_sessions")) == sessions
    assert_equal(engine, {("pages", str(path)): rows_of(path)}, Settings(), project_seeds)
