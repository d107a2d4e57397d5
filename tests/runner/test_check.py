"""refresh.py --check: what is fine and what is not, and nothing changes."""

import json
import os

import pytest

from conftest import NO_SERVER
from engines import DuckDB, Postgres
from installed import Installed, assert_succeeded, visits

SOURCES = {"pages": {"schema": "segment", "table": "pages"}, "tracks": {"schema": "segment", "table": "tracks"}}
READER = "refresh_check_reader"


def checked(site, *arguments, exit_code, **variables) -> dict[bool, list[str]]:
    """What --check says: True -> what is fine, False -> what is not."""
    outcome = site.refresh("--check", "--log-format", "json", *arguments, **variables)
    assert outcome.returncode == exit_code and not outcome.stderr, outcome.stdout + outcome.stderr
    found = {True: [], False: []}
    for line in outcome.stdout.splitlines():
        one = json.loads(line)
        found[one["is_fine"]].append(f"{one['what']}: {one['text']}")
    return found


def test_on_duckdb(tmp_path):
    site = Installed(DuckDB(tmp_path), tmp_path)
    found = checked(site, exit_code=2)
    assert any("the first refresh creates it" in text for text in found[True])
    assert [text.partition(",")[0] for text in found[False]] == ["sources: The database file does not exist"]
    (tmp_path / "pages.json").write_text('{"id": "1"}\n{"id')
    files = {"pages": {"files": f"{tmp_path}/pages.json"}}
    found = checked(site, exit_code=2, sources={**files, "tracks": {"files": f"{tmp_path}/no.csv"}, "screens": {"table": 5}})
    assert any(text.startswith("sources: pages: ") and "without anonymous_id" in text for text in found[True])
    assert f"sources: 1 row of {tmp_path}/pages.json (sources.pages) cannot be read, the first is line 2 of " in str(found[True])
    assert len(found[False]) == 2
    for words in (f"No file matches {tmp_path}/no.csv", "The source table does not exist: main.5 (sources.screens)"):
        assert any(text.startswith(f"sources: {words}") for text in found[False]), words
    (tmp_path / "pages.json").write_text('[\n{"id": "1"},\n{"id": "2"\n]')
    found = checked(site, exit_code=2, sources=files)  # there are no sign-ups
    assert f"sources: 1 row of {tmp_path}/pages.json (sources.pages) cannot be read, the first is line 3 of " in str(found[True])
    assert not site.database.path.exists() and list(tmp_path.glob("*.lock")) == []

    site.receive(visits(2))
    outcome = site.refresh("--check", sources=SOURCES, ignored_events=["signed up"], attributed_channels=["Direct", "Organic Search", "Organic search"])
    assert_succeeded(outcome)
    assert [line.split("attributed_channels: ")[1] for line in outcome.stdout.splitlines() if "attributed_channels" in line] == [
        "no rule gives the channel Organic search. Did you mean Organic Search?"]
    assert "ignored_events: signed up has never occurred. The closest names: signed_up (1)" in outcome.stdout
    for what in ("connection", "permissions", "seeds", "variables", "settings", "sources", "names", "disk"):
        assert any(line.split()[:2] == ["fine", what] for line in outcome.stdout.splitlines()), what
    site.database.execute("create schema seeds; create table seeds.referrers as select 'mine' as host_pattern")
    before = site.contents()
    outcome = site.refresh("--check", "--quiet", sources={**SOURCES, "screens": {"schema": "segment", "table": "screans"}})
    assert outcome.returncode == 2 and {line.split()[0] for line in outcome.stdout.splitlines()} == {"PROBLEM"}, outcome.stdout
    with site.edited("seeds/referrers.csv", "bing.com,bing,search", "bing.com,another name,serch"):
        found = checked(site, exit_code=2, sources={**SOURCES, "screens": {"schema": "segment", "table": "screans"}},
                        identity_policy="newest", oldest_month="2010", max_event_age_days=0)
    assert len(found[False]) == 6
    for words in ("names: seeds.referrers (table) has a name that this project uses", "seeds: seeds/referrers.csv, line", "variables: identity_policy must be", "variables: oldest_month must be", "variables: max_event_age_days must be", "sources: The source table does not exist"):
        assert any(text.startswith(words) for text in found[False]), words
    assert site.contents() == before


def test_on_postgres(tmp_path):
    if not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    database = Postgres()
    try:
        site = Installed(database, tmp_path)
        site.receive(visits(2))
        database.execute("create schema partitioning; create table partitioning.app_tracks_2030_01 (event_id text)")
        database.execute(f"drop role if exists {READER}; create role {READER} login password 'not to be seen'")
        database.execute(f"revoke temporary on database {database.name} from public; grant usage on schema segment to {READER}")
        environment = {"PGUSER": READER, "PGPASSWORD": "not to be seen"}
        site.database.environment.update(environment)
        found = checked(site, exit_code=2, sources=SOURCES)
        for words in (f"grant temporary on database {database.name} to {READER}", "grant create on database",
                      f"grant select on segment.pages to {READER}", "app_tracks_2030_01 is not a partition",
                      "partitioning.app_tracks_2030_01 belongs to another role"):
            assert any(words in text for text in found[False]), (words, found)
        assert "not to be seen" not in json.dumps({str(key): value for key, value in found.items()})
        assert site.database.schemas() == ["partitioning", "segment"]
        for name in environment:
            del site.database.environment[name]
        database.execute("drop table partitioning.app_tracks_2030_01")
        assert checked(site, exit_code=0, sources=SOURCES)[False] == []
        outcome = site.refresh("--check", login={"PGPORT": "1"})
        assert outcome.returncode == 2 and "PROBLEM  connection" in outcome.stdout and "PGHOST" in outcome.stdout
    finally:
        database.execute(f"drop owned by {READER}; drop role {READER}")
        database.close()
