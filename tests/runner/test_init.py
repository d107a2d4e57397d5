"""The guided setup: what it proposes from a database or from files, what it asks, and the file of variables it writes."""

from datetime import datetime

import pytest
import yaml
from click.testing import CliRunner

import init
from project import environment
from refreshing.options import plan_refresh
from starting import demo

AT = datetime(2026, 3, 1, 10)
URLS = ["https://www.example.com/a", "https://shop.example.com/?utm_source=x", "https://m.example.co.uk/", "http://localhost:3000/"]
EVENTS = ["Account Created", "signup_button_clicked", "Plan Bought", "Plan Bought"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_VARS", str(tmp_path / "my_site.yml"))
    return tmp_path / "my_site.yml"


def load(database):
    """Two schemas with messages of the site, and one with a table of that name that is something else."""
    for schema in ("web", "ios"):
        for number, (url, event) in enumerate(zip(URLS, EVENTS)):
            row = {"id": f"{schema} {number}", "anonymous_id": "a", "timestamp": AT}
            database.load(("pages", f"{schema}.pages"), [{**row, "url": url}])
            database.load(("tracks", f"{schema}.tracks"), [{**row, "event_text": event}])
    database.execute("create schema shop; create table shop.pages (title text); create schema sessions; create table sessions.pages (id text)")


def test_of_a_database(engine, file, capsys):
    load(engine.database)
    expected = {"sources": {"schemas": ["ios", "web"]}, "signup_events": ["Account Created"], "own_domains": ["example.com", "example.co.uk"]}
    with environment(engine.database.environment):
        assert init.main(["--target", engine.name, "--yes"]) == 0
        out = capsys.readouterr().out
        assert "web: pages, tracks" in out and "Plan Bought (4)" in out and f"refresh.py --target {engine.name} --full-refresh" in out
        assert yaml.safe_load(file.read_text()) == expected == plan_refresh(engine.name, with_seeds=False).vars
        written = file.read_text()
        assert init.main(["--target", engine.name, "--yes"]) == 2 and file.read_text() == written
        assert "exists already: edit it" in capsys.readouterr().err

        file.write_text(demo.TEXT)
        answered = CliRunner().invoke(init.command, ["--target", engine.name], input="web\nPlan Bought, Other\n\n")
        assert answered.exit_code == 0, answered.output
        assert yaml.safe_load(file.read_text()) == {**expected, "sources": {"schemas": ["web"]}, "signup_events": ["Plan Bought", "Other"]}
        file.unlink()
        engine.database.execute("drop table web.pages; drop table web.tracks; drop table ios.pages; drop table ios.tracks")
        assert init.main(["--target", engine.name, "--yes"]) == 2 and not file.exists()
        assert "no table tracks, pages or screens" in capsys.readouterr().err


def test_of_files(file, tmp_path, capsys):
    (tmp_path / "pages").mkdir()
    # a line that a refresh leaves out, too
    (tmp_path / "pages" / "1.json").write_text('{"id": "1", "anonymous_id": "a", "url": "https://a.example.com/", "timestamp": "2026-03-01"}\n{"id": \n')
    (tmp_path / "tracks.csv").write_text("id,anonymous_id,event,timestamp\n1,a,user_signed_up,2026-03-01\n")
    with environment({"SIGNUP_ATTRIBUTION_DUCKDB": str(tmp_path / "none.duckdb")}):
        assert init.main(["--files", str(tmp_path), "--yes"]) == 0
        assert not (tmp_path / "none.duckdb").exists()
    assert "give it to dbt with --vars" in file.read_text()
    sources = {"pages": {"files": f"{tmp_path}/pages/*.json"}, "tracks": {"files": f"{tmp_path}/tracks.csv"}}
    assert yaml.safe_load(file.read_text()) == {"sources": sources, "signup_events": ["user_signed_up"], "own_domains": ["example.com"]}
    assert init.main(["--target", "postgres", "--files", str(tmp_path)]) == 2
