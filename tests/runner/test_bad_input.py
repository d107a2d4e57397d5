"""Wrong input ends a refresh with one sentence and an exit code, and leaves all tables as they were."""

import json
import os
import re
from contextlib import contextmanager
from datetime import date, datetime

import pytest
import yaml

from common.errors import RefreshError
from common.plan import make_plan
from common.project import default_variables
from conftest import NO_SERVER
from database.errors import known_sentence
from engines import DuckDB, Postgres, held_by_another
from installed import Installed, assert_refused, assert_succeeded, visits
from reporting.making import time_zone

TABLES = {"tracks": {"schema": "segment", "table": "tracks"}, "pages": {"schema": "segment", "table": "pages"}}

LOGS = ("refresh.refresh_runs", "refresh.refresh_log", "refresh.refresh_health")


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def site(request, tmp_path_factory):
    """The project after a first refresh; what is refused must not change it, so the tests share it."""
    if request.param == "postgres" and not os.environ.get("PGHOST"):
        pytest.skip(NO_SERVER)
    folder = tmp_path_factory.mktemp("site")
    database = DuckDB(folder) if request.param == "duckdb" else Postgres()
    made = Installed(database, folder)
    made.receive(visits(8))
    database.load("screens", [{"id": "1", "anonymous_id": "1"}])
    database.execute("alter table segment.screens drop column id")
    assert_succeeded(made.refresh(sources=TABLES))
    yield made
    database.close()


@pytest.fixture(scope="module")
def duckdb_site(site):
    if site.database.target != "duckdb":
        pytest.skip("about DuckDB, or about what does not depend on the engine")
    return site


@contextmanager
def unchanged(site):
    """What happens inside must leave every table as it is."""
    before = without_logs(site.contents())
    assert before["sessions.attribution"]
    yield
    assert without_logs(site.contents()) == before


def without_logs(contents):
    """What a refresh works on, without the logs, which record that one was refused."""
    return {name: rows for name, rows in contents.items() if name not in LOGS}


@pytest.mark.parametrize("variables, words", [
    ({"session_gap_minutes": 0}, ["session_gap_minutes", "0"]),
    ({"session_gap_minutes": -20}, ["session_gap_minutes", "-20"]),
    ({"session_gap_minutes": "long"}, ["session_gap_minutes", "long"]),
    ({"identity_policy": "newest"}, ["identity_policy", "timeline, first or last", "newest"]),
    ({"position_first_share": 0.7, "position_last_share": 0.5}, ["position_first_share and position_last_share", "1"]),
], ids=str)
def test_value_of_a_variable(duckdb_site, variables, words):
    with unchanged(duckdb_site):
        assert_refused(duckdb_site.refresh(sources=TABLES, **variables), *words)


@pytest.mark.parametrize("variables, words", [
    ({"identity_policy": "last"}, ["identity_policy changed", "--full-refresh"]),
    ({"sources": {**TABLES, "pages": {"schema": "segment", "table": "page_views"}}},
     ["The source table does not exist", "segment.page_views"]),
    ({"sources": {"tracks": {"schema": "segment", "table": "not_yet", "optional": True}}},
     ["None of tracks, pages and screens", "segment.not_yet"]),
    ({"sources": {**TABLES, "screens": {"schema": "segment", "table": "screens"}}},
     ["The required column id is missing", "segment.screens"]),
    ({"sources": {**TABLES, "ad_spend": {"schema": "segment", "table": "pages"}}},
     ["The required column date is missing", "segment.pages (sources.ad_spend)"]),
    ({"report_timezone": "Berlin"}, ["report_timezone", "Europe/Berlin", '"Berlin"']),
    ({"pass_through_columns": ["a", {"name": "b", "type": "numeric(9, 2)"}, {"name": "plan", "type": "nonsense"}]},
     ["no type nonsense", "pass_through_columns"]),
], ids=["changed setting", "missing table", "no table", "missing column", "missing column of money", "time zone", "type"])
def test_what_the_database_says(site, variables, words):
    with unchanged(site):
        assert_refused(site.refresh(**{"sources": TABLES, **variables}), *words)


NUMBERS = {"session_gap_minutes", "max_users_per_person", "max_usual_partners", "max_clock_skew_minutes", "max_event_age_days", "entry_window_seconds", "attribution_lookback_days",
           "position_first_share", "position_last_share", "time_decay_half_life_days", "reload_overlap_hours", "build_rows_per_gb", "spark_buckets", "sample"}
LISTS = {"pass_through_columns", "signup_events", "ignored_events", "own_domains", "attributed_channels"}
TEXTS = {"identity_policy", "blog_url_pattern", "report_timezone", "reporting_currency", "since", "oldest_month"}


@pytest.mark.parametrize("wrong, named", [
    (5, LISTS | TEXTS | {"sources"}), ({"a": 1}, NUMBERS | LISTS | TEXTS | {"sources.a"}),
    (float("nan"), NUMBERS | LISTS | TEXTS), ([" ", None], NUMBERS | LISTS | TEXTS | {"sources"}),
], ids=["number", "mapping", "no number", "blank texts"])
def test_variables_of_a_wrong_type(duckdb_site, wrong, named):
    """In dbt_project.yml, from which dbt renders all models before anything of ours runs."""
    path = duckdb_site.root / "dbt_project.yml"
    text = path.read_text(encoding="utf-8")
    project = yaml.safe_load(text)
    assert NUMBERS | LISTS | TEXTS | {"sources"} == set(project["vars"])
    project["vars"] = dict.fromkeys(project["vars"], wrong)
    path.write_text(yaml.safe_dump(project), encoding="utf-8")
    try:
        outcome = duckdb_site.refresh("--check", "--log-format", "json")
    finally:
        path.write_text(text, encoding="utf-8")
    assert outcome.returncode == 2 and not outcome.stderr, outcome.stderr
    problems = [one["text"] for one in map(json.loads, outcome.stdout.splitlines()) if not one["is_fine"]]
    for name in named:
        assert any(problem.startswith(f"{name} ") and ": correct " in problem for problem in problems), (name, problems)


PLACE = {"schema": "segment", "table": "tracks"}
SHAPES = [{"tracks": 5}, {"tracks": {"schema": ["segment", 5], "table": "tracks"}}, {"tracks": {"files": {"a": 1}}}, {"tracks": [PLACE, [PLACE]]},
          {"schemas": {"a": 1}}, {"ad_spend": [5], "tracks": {**PLACE, "optional": "x"}}]


@pytest.mark.parametrize("sources", SHAPES, ids=str)
def test_sources_of_a_wrong_shape(duckdb_engine, sources):
    duckdb_engine.load("tracks", [{"id": "1", "anonymous_id": "a"}])
    project = duckdb_engine.project
    succeeded, said = project.operate("check_refresh", "--vars", json.dumps({"sources": sources}))
    assert succeeded or re.search(r"^ *sources\..*: correct", said, re.MULTILINE), said


def test_variables_of_every_type():
    """What the command line can tell from a value alone; dbt and the database check only the rest."""
    values = [5, True, 0.5, float("nan"), "text", "", None, [], [None], [[1]], {}, {"a": {"b": 1}}, date(2026, 3, 1), datetime(2026, 3, 1, 10)]
    for name in default_variables():
        for value in values:
            try:
                time_zone(make_plan("duckdb", {name: value}, targets=["duckdb"], defaults=default_variables()))
            except RefreshError as error:
                assert name in str(error) and ": correct" in str(error)


def test_no_source(duckdb_site):
    with unchanged(duckdb_site):
        outcome = duckdb_site.refresh(sources={})
        assert_refused(outcome, "None of tracks, pages and screens", "run scripts/init.py")
        assert "dbt" not in outcome.stderr  # which reads no my_site.yml: the scripts do


def test_glob_that_matches_no_file(duckdb_site, tmp_path):
    sources = {"tracks": {"files": f"{tmp_path}/*.parquet"}}
    with unchanged(duckdb_site):
        assert_refused(duckdb_site.refresh(sources=sources), "No file matches", str(tmp_path))


def test_files_on_postgres(site, tmp_path):
    if site.database.target != "postgres":
        pytest.skip("DuckDB reads files")
    with unchanged(site):
        assert_refused(site.refresh(sources={"tracks": {"files": f"{tmp_path}/*.parquet"}}), "DuckDB only")


def test_unreachable_postgres(duckdb_site):
    environment = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGDATABASE": "postgres"}
    outcome = duckdb_site.refresh("--target", "postgres", "--retry-for", "0s", environment=environment)
    assert_refused(outcome, "PostgreSQL cannot be reached", "port 1", "PGHOST")


def test_locked_duckdb_file(duckdb_site):
    with held_by_another(duckdb_site.database.path) as holder:
        outcome = duckdb_site.refresh("--retry-for", "0s", sources=TABLES)
    with unchanged(duckdb_site):
        assert_refused(outcome, "is in use by process", str(holder.pid), str(duckdb_site.database.path))


def test_file_that_is_no_database(duckdb_site, tmp_path):
    path = tmp_path / "notes.duckdb"
    path.write_text("not a database")
    outcome = duckdb_site.refresh(environment={"SIGNUP_ATTRIBUTION_DUCKDB": str(path)})
    assert_refused(outcome, "is not a DuckDB database", str(path))
    assert path.read_text() == "not a database"


def test_folder_of_the_database_missing(duckdb_site, tmp_path):
    path = tmp_path / "missing" / "new.duckdb"
    outcome = duckdb_site.refresh(environment={"SIGNUP_ATTRIBUTION_DUCKDB": str(path)})
    assert_refused(outcome, "cannot be opened", str(path))


@pytest.mark.parametrize("text, words", [
    ('IO Error: Cannot open file "/data/a.duckdb": Permission denied', "make it and its folder writable"),
    ('IO Error: Could not read enough bytes from file "/data/a.duckdb": attempted to read 262144 bytes from location 7090176', "is damaged: restore it"),
    ("Parser Error: Memory must have a number (e.g. 1GB)", "correct SIGNUP_ATTRIBUTION_MEMORY, such as 8GB"),
    ("Parser Error: Unknown unit for memory: '' (expected: KB, MB, GB, TB for 1000^i units or KiB, MiB, GiB, TiB for 1024^i units)", "SIGNUP_ATTRIBUTION_MEMORY"),
], ids=str)
def test_what_duckdb_says(text, words):
    assert words in known_sentence(text)


@pytest.mark.parametrize("arguments, words", [
    (["--target", "oracle"], ["no target oracle", "duckdb or postgres"]),
    (["--since", "yesterday"], ["--since", "yesterday"]),
    (["--since", "2026-02-30"], ["--since", "2026-02-30"]),
    (["--since", "20260228"], ["--since", "20260228"]),
    (["--vars", "{session_gap: 30}"], ["no variable session_gap", "session_gap_minutes?"]),
    (["--vars", "[session_gap_minutes"], ["--vars"]),
    (["--vars", "thirty"], ["--vars"]),
    (["--vars", "missing.yml"], ["missing.yml"]),
    (["--select", "no_such_model"], ["--select no_such_model"]),
    (["--sinse", "2026-02-28"], ["--sinse"]),
    (["--retry-for", "long"], ["--retry-for", "90s, 15m or 2h", "long"]),
    (["--wait", "5"], ["--wait", "15m"]),
    (["--log-format", "xml"], ["--log-format"]),
    (["--log-file", "/no/such/folder/log.jsonl"], ["--log-file", "/no/such/folder/log.jsonl"]),
    (["--log-file", "signup_attribution.duckdb"], ["--log-file", "is not a log of refreshes"]),
    (["--log-file", ""], ["--log-file names no file"]),
    (["--report", ""], ["--report names no file"]),
    (["--check", "--report"], ["--check writes no file", "--report"]),
    (["--check", "--audit"], ["--check and --audit"]),
], ids=" ".join)
def test_options(duckdb_site, arguments, words):
    path = duckdb_site.database.path
    with unchanged(duckdb_site):
        assert_refused(duckdb_site.refresh(*(str(path) if one == path.name else one for one in arguments)), *words)


def test_log_file_that_begins_as_json_does(duckdb_site, tmp_path):
    """One of 256 databases begins with a brace, as their first bytes are a checksum."""
    path = tmp_path / "other.duckdb"
    path.write_bytes(b'{\x00\xffDUCK')
    assert_refused(duckdb_site.refresh("--log-file", str(path), sources=TABLES), "is not a log of refreshes", str(path))
    assert path.read_bytes() == b'{\x00\xffDUCK'


@pytest.mark.parametrize("seed, old, new, words", [
    ("channel_rules", ",^organic$,", ",^[organic$,", ["not a regular expression"]),
    ("channel_rules", "20,Cross-network,", "20,,", ["line 3", "channel is empty"]),
    ("channel_rules", "30,Paid", "x,Paid", ["rule_order 'x'"]),
    ("channel_rules", "30,Paid", "20,Paid", ["rule_order 20", "line 3"]),
    ("channel_rules", ",shopping,", ",shoping,", ["source_category 'shoping'"]),
    ("referrers", "bing.com,bing,search", "bing.com,bing,serch", ["category 'serch'"]),
    ("referrers", "bing.com,bing,search", "ya.ru,yandex,search", ["host_pattern ya.ru", "line"]),
    ("click_ids", "gclid,google,cpc,true", "gclid,google,cpc,paid", ["line 2", "is_paid 'paid'"]),
    ("click_ids", "gclid,google,cpc,true", "gclid,google,cpc", ["line 2", "values"]),
    ("survey_answers", "youtube|video", "youtube|(video", ["line 3", "not a regular expression"]),
    ("identity_overrides", "note\n", "note\na,b,merge,\n", ["line 2", "action 'merge'"]),
    ("identity_overrides", "note\n", "note\na,a,link,\n", ["line 2", "'a' stands for both ids"]),
    ("identity_overrides", "note\n", "note\na,b,link,\nc,d,never_link,\nb,a,never_link,\n", ["line 4", "line 2 says link of a and b"]),
])
def test_broken_row_in_a_seed(duckdb_site, seed, old, new, words):
    with unchanged(duckdb_site), duckdb_site.edited(f"seeds/{seed}.csv", old, new):
        assert_refused(duckdb_site.refresh(sources=TABLES), f"seeds/{seed}.csv, line", *words)


def test_time_that_does_not_parse_rejects_the_row_and_not_the_run(engine):
    engine.load("pages", [
        {"id": "1", "anonymous_id": "a", "timestamp": "2026-03-01T10:00:00Z"},
        {"id": "2", "anonymous_id": "a", "timestamp": "the day before"},
    ])
    engine.refresh()
    rejected = engine.fetch("partitioning.rejected_events", "event_id, reason")
    assert rejected == [{"event_id": "2", "reason": "missing_timestamp"}]
    assert len(engine.fetch("sessions.all_sessions")) == 1


def json_row(name, more=b""):
    """An object that is a message named after what it is."""
    return b'{"id": "%s", "anonymous_id": "a", "timestamp": "2026-03-01"%s}' % (name, more)


HEADER = b"id,anonymous_id,timestamp,event\n"
# Contents of files, and the lines that cannot be read; the others are messages named after what they are.
BROKEN = {
    "lines.json": (b"\n".join([
        b'{"id": "json", "anonymous_id": "a", "timestamp": "2026-03-01"}', b"", rb'{"id": "\ud800"}', b'{"id": "\xff\xfe"}', b"[1, 2]",
        b'"text"', b"null", b'{"id": 1, "anonymous_id": {"b": 1}, "timestamp": "2026-03-01"}', b'{"other": 1}',
        b'{"id": "completed", "anonymous_id": "a", "timest']), [3, 4, 5, 6, 7, 10]),
    "ends.json": (json_row(b"crlf") + b"\r\n" + json_row(b"lf") + b"\n" + json_row(b"crlf 2") + b'\r\n{"id": 5, \r "torn"}\n', [4, 5]),
    "cr.json": (json_row(b"cr") + b"\r" + json_row(b"cr 2") + b"\rx\r" + json_row(b"cr 3"), [3]),
    "twice.json": (json_row(b"twice", b', "id": "other"') + b"\n" + json_row(b"once"), []),
    "bom.json": (b"\xef\xbb\xbf" + json_row(b"bom") + b"\nx\n" + json_row(b"bom 2"), [2]),
    "bom_only.json": (b"\xef\xbb\xbf" + json_row(b"bom 3") + b"\n" + json_row(b"bom 4"), []),
    "not_text.json": (b'{"id": "\xff"}\n', [1]),
    "elements.json": (b"[" + json_row(b"element") + b", 5, " + json_row(b"element 2") + b', "x"]', [None]),
    "log.json": (b"[INFO] export\n" + json_row(b"log") + b"\n", [1]),
    "cut_array.json": (b"[" + json_row(b"cut") + b",\n" + json_row(b"cut 2") + b',\n{"id": "cut 3', [3]),
    "pretty.json": (json_row(b"pretty").replace(b", ", b",\n") * 2, []),
    "numbers.json": (b"\n".join(json_row(b"").replace(b'""', number) for number in (b"124.0", b"2e3", b"0.5", b'"125.0"', b"12345678901234567890123")), []),
    "one_line.json": (b'{"id": "trunc', [1]),
    "array.json": (b'[\n{"id": "of array", "anonymous_id": "a", "timestamp": "2026-03-01"},\n{"id": "of array 2", '
                   b'"anonymous_id": "a", "timestamp": "2026-03-01"}\n]', []),
    "fields.csv": (HEADER + b'csv,a,2026-03-01,seen\nfew,a\nmany,a,2026-03-01,x,y,z\n\n\xff\xfe,a,2026-03-01,x\n"csv,2",a,2026-03-01,\nend,a', [3, 4, 6, 8]),
    # a quote that is not closed does not hide what comes after it
    "quotes.csv": (HEADER + b'q1,a,2026-03-01,"seen\nq2,a,2026-03-01,"two\nlines, ""said"""\nq3,a,2026-03-01,\n"q4,a,2026-03-01,\n"q5"x,a,2026-03-01,x\n'
                   b'\xff,a,2026-03-01,x\nq6,"a",2026-03-01,it\'s "so"\nq7,a\n', [2, 6, 7, 8, 10]),
    "ends.csv": (HEADER.replace(b"\n", b"\r\n") + b'ends,a,2026-03-01,x\nends 2,a,2026-03-01,"x\ny"\r\nx\nends 3,a,2026-03-01,x\r\n', [5]),
    "return.csv": (HEADER + b"return,a,2026-03-01,x\ry\nreturn 2,a,2026-03-01,x\n", [3]),
    "returns.csv": (HEADER.replace(b"\n", b"\r\n") + b"returns,a,2026-03-01,x\rreturns 2,a,2026-03-01,x\r\n", []),
    "quoted.csv": (HEADER + b'quoted,a,2026-03-01,"x\ry"\nquoted 2,a,2026-03-01,"x\r\ny"\n', []),
    "huge.csv": (b"id,anonymous_id,timestamp,context_user_agent\nhuge,a,2026-03-01," + b"x" * 3_000_000 + b"\nhuge 2,a,2026-03-01,x\n", []),
    # a name is no glob
    "x[1].csv": (b"id,anonymous_id,timestamp\nbrackets,a,2026-03-01\nx\n", [3]),
    "x1.csv": (b"id,anonymous_id,timestamp\nno brackets,a,2026-03-01\n", []),
    "x[1].json": (b'{"id": "json in brackets", "anonymous_id": "a", "timestamp": "2026-03-01"}\nx', [2]),
    "first.csv": (HEADER + b'"first,a,2026-03-01,x\nfollows,a,2026-03-01,x\n', [2]),
    "empty.csv": (b"", []),
    "lots.csv": (HEADER + b"few,a\n" * 150 + b"last,a,2026-03-01,\n", [*range(2, 102), None]),
}
READ = {"json", "1", "of array", "of array 2", "csv", "csv,2", "q2", "q3", "q6", "follows", "last", "brackets", "no brackets", "json in brackets",
        "crlf", "lf", "crlf 2", "cr", "cr 2", "cr 3", "twice", "once", "bom", "bom 2", "bom 3", "bom 4", "element", "element 2",
        "ends", "ends 2", "ends 3", "return", "return 2", "returns", "returns 2", "quoted", "quoted 2", "huge", "huge 2", "124", "2000", "0.5", "125.0", "12345678901234567890123", "log", "cut", "cut 2", "pretty"}


def test_broken_rows_of_files(duckdb_engine, tmp_path):
    """A row that cannot be parsed is rejected alone, once, with its file and line; of many, the number is kept."""
    engine = duckdb_engine
    for name, (contents, _) in BROKEN.items():
        (tmp_path / name).write_bytes(contents)
    variables = {"sources": {"pages": {"files": f"{tmp_path}/*.json"}, "tracks": {"files": [f"{tmp_path}/*.csv"]}}}
    engine.refresh(variables)
    stored = engine.fetch("partitioning.app_tracks", "event_id, anonymous_id, event_name")
    assert {row["event_id"] for row in stored} == READ
    found = {row["event_id"]: row for row in stored}
    assert found["1"]["anonymous_id"] == '{"b":1}'
    assert (found["q2"]["event_name"], found["q6"]["event_name"]) == ('two\nlines, "said"', 'it\'s "so"')
    assert [found[name]["event_name"] for name in ("ends 2", "return", "quoted", "quoted 2")] == ["x\ny", "x", "x\ry", "x\r\ny"]
    rejected = engine.fetch("partitioning.rejected_events")
    assert [row["reason"] for row in rejected if row["source_file"] is None] == ["missing_event_id"]
    listed = {name: [row["source_line"] for row in rejected if row["source_file"] == f"{tmp_path}/{name}"] for name in BROKEN}
    assert {name: sorted(lines, key=lambda line: line or 999) for name, lines in listed.items()} == {
        name: lines for name, (_, lines) in BROKEN.items()}
    assert {(row["reason"], row["row_count"]) for row in rejected if row["source_line"]} == {("unreadable_row", 1)}
    assert sorted(row["row_count"] for row in rejected if row["source_file"] and not row["source_line"]) == [2, 50]
    assert {row["source_place"] for row in rejected if row["source_file"]} == {f"{tmp_path}/*.json", f"{tmp_path}/*.csv"}

    # The file grows: what was cut off is a message now, and only what is new is rejected.
    (tmp_path / "lines.json").write_bytes(BROKEN["lines.json"][0] + b'amp": "2026-03-01"}\n{{')
    engine.refresh(variables)
    assert {row["event_id"] for row in engine.fetch("partitioning.app_tracks")} == {*READ, "completed"}
    again = engine.fetch("partitioning.rejected_events")
    assert {row["source_line"] for row in again if row not in rejected} == {11} and len(again) == len(rejected) + 1
