"""The runner: its plan, commands and report as functions, and refreshes by the command line."""

from datetime import datetime
from types import SimpleNamespace

import duckdb
import pytest
import yaml

from common import project as project_files
from common.errors import RefreshError
from common.plan import Plan, make_plan
from common.project import read_variables
from database.dbt_commands import build_arguments, execute, failure
from engines import DuckDB
from installed import ROOT, Installed, assert_refused, assert_succeeded, visits
from refreshing.options import plan_refresh
from refreshing.patterns import pattern_problem
from refreshing.report import Report, read_report, summary_lines, table_lines
from refreshing.seeds import COLUMNS, first_problem, seed_problems
from starting import demo

KNOWN = {
    "targets": ["duckdb", "postgres"],
    "defaults": {"session_gap_minutes": 20, "since": None, "own_domains": [], "sources": {}, "identity_policy": "last"},
}


def test_plan_and_commands():
    plan = make_plan("postgres", {"session_gap_minutes": 30}, "2026-05-01", True, ["touches+", "aliases"], **KNOWN)
    assert plan == Plan("postgres", {"session_gap_minutes": 30, "since": "2026-05-01"}, True, ("touches+", "aliases"))
    build = build_arguments(plan, "/project")
    assert build[:5] == ["build", "--resource-type", "seed", "--resource-type", "model"]
    assert build[build.index("--project-dir") + 1] == build[build.index("--profiles-dir") + 1] == "/project"
    assert build[build.index("--vars") + 1] == '{"session_gap_minutes": 30, "since": "2026-05-01"}'
    assert build[build.index("--select") + 1:][:2] == ["touches+", "aliases"]
    assert "--full-refresh" in build
    plain = build_arguments(make_plan("duckdb", **KNOWN), "/project")
    assert not {"--vars", "--select", "--full-refresh"} & set(plain)


def test_the_database_file_is_free_after_a_command(tmp_path, monkeypatch):
    """Even while something still refers to dbt's connection, as the traceback of an error that is handled later does."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(tmp_path / "a.duckdb"))
    kept = []
    execute(["show", "--inline", "select 1", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--quiet",
             "--target-path", str(tmp_path), "--log-path", str(tmp_path)], lambda event: kept.append(DuckDBConnectionManager._ENV))
    assert any(kept)
    with duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("text, expected", [
    ("session_gap_minutes: 30", {"session_gap_minutes": 30}), ("{own_domains: [a.com]}", {"own_domains": ["a.com"]}),
    ("", {}), ("# nothing", {}),
])
def test_variables_from_yaml(text, expected):
    assert read_variables(text) == expected


def test_the_file_of_variables(tmp_path, monkeypatch):
    """It is found by itself; text after --vars adds to it, a file takes its place."""
    def variables(text=None):
        return plan_refresh(variables=text, with_seeds=False).vars

    named, other = tmp_path / "named.yml", tmp_path / "other.yml"
    named.write_text("{session_gap_minutes: 30, own_domains: [a.com]}")
    other.write_text("identity_policy: last")
    assert variables() == {}
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_VARS", str(named))
    assert variables() == {"session_gap_minutes": 30, "own_domains": ["a.com"]}
    assert variables("{session_gap_minutes: 5}") == {"session_gap_minutes": 5, "own_domains": ["a.com"]}
    assert variables(str(other)) == {"identity_policy": "last"}
    named.unlink()
    with pytest.raises(RefreshError, match="correct SIGNUP_ATTRIBUTION_VARS"):
        variables()
    monkeypatch.delenv("SIGNUP_ATTRIBUTION_VARS")
    monkeypatch.setattr(project_files, "ROOT", tmp_path)
    (tmp_path / "dbt_project.yml").write_text("vars: {session_gap_minutes: 20}")
    (tmp_path / "my_site.yml").write_text("session_gap_minutes: 31")
    assert variables() == {"session_gap_minutes": 31}


def test_dates_in_variables_become_texts():
    plan = make_plan("duckdb", read_variables("since: 2026-05-01"), **KNOWN)
    assert '{"since": "2026-05-01"}' in build_arguments(plan, "/project")


@pytest.mark.parametrize("options", [
    {"target": "oracle"}, {"since": "2026-5-1"}, {"since": ""}, {"variables": {"sesion_gap_minutes": 1}},
    {"variables": {1: 2}}, {"variables": {"session_gap_minutes": "long"}}, {"variables": {"session_gap_minutes": True}},
    {"variables": {"own_domains": "a.com"}}, {"variables": {"own_domains": 5}}, {"variables": {"sources": ["tracks"]}},
])
def test_plan_refuses(options):
    with pytest.raises(RefreshError) as caught:
        make_plan(**{"target": "duckdb", **options}, **KNOWN)
    assert caught.value.exit_code == 2 and ": " in str(caught.value)


def node(message, status="error", kind="model"):
    """A node of a dbt run as far as errors need it."""
    return SimpleNamespace(status=status, message=message, node=SimpleNamespace(
        name="touches", resource_type=kind, patch_path="signup_attribution://models/_touches.yml"))


MODEL_ERROR = """Runtime Error in model touches (models/sessions_stages/touches.sql)
  Binder Error: Referenced column "chanel" not found
  LINE 3: select chanel
                 ^"""
RULE = """Compilation Error in model aliases (models/aliasing/aliases.sql)
  aliases has to be rebuilt: select more.

  > in macro stop (macros/settings.sql)"""
CONTRACT = """Compilation Error in model touches (models/sessions_stages/touches.sql)
  This model has an enforced contract that failed.
  Please ensure the name, data_type, and number of columns in your contract match the columns in your model's definition.

  | column_name | definition_type | contract_type | mismatch_reason       |
  | ----------- | --------------- | ------------- | --------------------- |
  | cost        | INTEGER         | DOUBLE        | data type mismatch    |
  | extra       | VARCHAR         |               | missing in contract   |"""
LOCKED = """IO Error: Could not set lock on file "/data/a.duckdb": Conflicting lock is held in /bin/python3 (PID 12). See
https://duckdb.org"""


@pytest.mark.parametrize("exception, nodes, sentence, exit_code", [
    (None, [node("", "success"), node(MODEL_ERROR), node("skipped", "skipped")],
     'touches failed: Binder Error: Referenced column "chanel" not found: correct this and run again, '
     "the refresh continues where it stopped; details are in logs/dbt.log.", 1),
    (None, [node(CONTRACT)], "touches has an enforced contract that failed: its SQL gives cost INTEGER, extra VARCHAR where "
     "models/_touches.yml promises cost DOUBLE: make them agree.", 1),
    (None, [node(RULE)], "aliases has to be rebuilt: select more.", 1),
    (None, [node(LOCKED)], "/data/a.duckdb is in use by process 12: close the database there, then run again.", 2),
    (Exception(LOCKED), [], "/data/a.duckdb is in use by process 12: close the database there, then run again.", 2),
    (Exception(RULE.replace("model", "operation")), [], "aliases has to be rebuilt: select more.", 2),
    (Exception("Parsing Error\n  Invalid YAML in x.yml"), [],
     "dbt cannot run the project: Invalid YAML in x.yml: correct this; details are in logs/dbt.log.", 2),
])
def test_errors(exception, nodes, sentence, exit_code):
    error = failure(exception, nodes, "logs/dbt.log")
    assert (str(error), error.exit_code) == (sentence, exit_code)


CONNECTION = 'connection to server at "db" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize("text, words", [
    (CONNECTION + 'FATAL:  password authentication failed for user "x"', 'refuses the connection (password authentication failed for user "x"): correct PGPASSWORD'),
    (CONNECTION + "fe_sendauth: no password supplied", "refuses the connection (fe_sendauth: no password supplied): correct PGPASSWORD"),
    (CONNECTION + 'FATAL:  database "shop" does not exist', "correct PGDATABASE."), (CONNECTION + 'FATAL:  role "x" does not exist', "correct PGUSER."),
    (CONNECTION + "FATAL:  sorry, too many clients already", "close some"),
    (CONNECTION + "Connection refused\n\tIs the server running?", "cannot be reached"),
    ('Database Error in model a\n  could not extend file "base/1/2": No space left on device\n  HINT:  Check free disk space.', "disk is full"),
    ('could not extend file "base/1/2": wrote only 4096 of 8192 bytes at block 7', "disk is full"),
    ("IO Error: Could not write file \"/a.duckdb\": Disk quota exceeded", 'full, or a limit on its use is reached (IO Error: Could not write file "/a.duckdb"'),
    ("TransactionContext Error: Failed to commit: Could not write file \"/a.duckdb.wal\": File too large", "disk is full"),
    ("Out of Memory Error: failed to offload data block of size 256.0 KiB (1.0 MiB/1.0 MiB used).\nThis limit was", "disk is full"),
    ('FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be restarted prior to being '
     'used again.\nOriginal error: "INTERNAL Error: oh"', "DuckDB stopped after an error (INTERNAL Error: oh): correct the cause"),
])
def test_what_databases_say(text, words):
    error = failure(Exception(text), [], "logs/dbt.log")
    assert words in str(error) and ": " in str(error) and str(error).endswith(".")


def test_a_full_disk_behind_other_failures():
    """What DuckDB says afterwards, and what a server says in another language."""
    invalidated = Exception("FATAL Error: Failed: database has been invalidated because of a previous fatal error.")
    causes = {"touches": "Traceback\npsycopg2.errors.DiskFull: FEHLER: konnte Datei nicht erweitern"}
    for error in (failure(invalidated, [node("Could not write file x: No space left on device")], "log"), failure(None, [node("FEHLER")], "log", causes)):
        assert str(error).startswith("The disk is full") and (error.exit_code, list(error.failed), error.is_transient) == (1, ["touches"], False)


def test_report():
    report = read_report([
        ("batch", "", "", 4), ("rows", "app_tracks", "", 1250), ("rows", "aliases", "", 30),
        ("total", "messages", "", 50000), ("total", "rejected", "", 7), ("total", "sessions", "", 11000),
        ("total", "persons", "", 4000), ("total", "signups", "", 800), ("total", "first_session_signups", "", 500),
        ("schema_change", "tracks.plan", "new (text)", None),
    ])
    report.seconds, report.elapsed = {"app_tracks": 1.25, "unrecorded": 0.1}, 9.96
    assert table_lines(report) == ["app_tracks        1,250 rows     1.2 s", "unrecorded                       0.1 s"]
    assert summary_lines(report) == [
        "batch 4, 10.0 seconds", "  messages       1,250 new, 50,000 in all", "  rejected       0 new, 7 in all",
        "  sessions       11,000", "  persons        4,000",
        "  sign-ups       800, 62.5 % of them in the first session", "  source column  tracks.plan new (text)",
    ]
    hostile = Report(batch=1, schema_changes=[("tracks.\x1b]0;owned\x07\u202e", "new (text)")])
    assert summary_lines(hostile)[1] == r"  source column  tracks.\x1b]0;owned\x07\u202e new (text)"
    assert str(RefreshError("no \x1b[2J")) == r"no \x1b[2J"
    assert summary_lines(Report(batch=1, totals={"signups": 0, "first_session_signups": 0})) == [
        "batch 1, 0.0 seconds", "  sign-ups  0"]


@pytest.mark.parametrize("pattern", ["^organic$", "a|b", "(?:x)+", "[a-z0-9._-]{1,3}", "(a{15}){17}", "(a*){255}", r"\(none\)", r"\d\.com", ""])
def test_patterns_that_all_databases_know(pattern):
    assert pattern_problem(pattern) is None
    assert duckdb.execute("select regexp_matches('', ?)", [pattern]).fetchall()


@pytest.mark.parametrize("pattern", [
    "[a", "(a", "a)", "*a", "a(?=b)", "(?i)a", "a*?", "a++", r"a\b", r"(a)\1", "a{,3}", "[[:alpha:]]", "^*", "a{300}",
    "Google", "a{2}{3}", "(?P<x>a)", "a{2", "{1", "a{2}}", "}", "(a{255}){255}", "((?:a*){30}){30}", "a?" * 2000,
    f"({'|'.join(f'source{number}' for number in range(200))}){{99}}",
])
def test_patterns_that_some_database_does_not_know(pattern):
    assert pattern_problem(pattern)


def test_seeds_of_the_project():
    assert first_problem(ROOT / "seeds") is None
    assert {path.stem for path in (ROOT / "seeds").glob("*.csv")} == set(COLUMNS)
    described = yaml.safe_load((ROOT / "seeds" / "_seeds.yml").read_text())["seeds"]
    assert {seed["name"]: [column["name"] for column in seed["columns"]] for seed in described} == COLUMNS


@pytest.mark.parametrize("seed, text, line, words", [
    ("referrers", "a.com,A,search", 2, "write a"), ("referrers", "a.com,a,search\nb.com,a,social", 3, "line 2"),
    ("referrers", "https://a.com,a,search", 2, "not a host"), ("referrers", "*a.com,a,search", 2, "not a host"),
    ("referrers", "a.com, a,search", 2, "blanks"), ("referrers", "a.com,a,search\n\nb.com,b,search", 3, "delete it"),
    ("referrers", "a.com,,search", 2, "source is empty"), ("invalid_ids", "None", 2, "write none"),
    ("excluded_referrers", "pay.com/x,,", 2, "not a domain"), ("excluded_referrers", "a.com,/a/|/b?c,", 2, "returned_to '/b?c' is not a page"),
    ("click_ids", "1,x,a,cpc,yes,", 2, "is_paid"), ("click_ids", "1,x,a,cpc,true,\n1,y,a,cpc,true,", 3, "priority 1"),
    ("channel_rules", "1,A,,,,,true,\n01,B,,,,,true,", 3, "rule_order 01"), ("channel_rules", "1,A,,a|b,,,true,", 2, "'a'"),
    ("channel_rules", "1.5,A,,,,,true,", 2, "whole number"), ("channel_rules", '1,A,"x\ny",,,,true,\n2,B,(,,,,true,', 4, "correct it"),
    ("channel_rules", "1,A,,,,,,", 2, "is_paid is empty"), ("channel_rules", "2147483647,A,,,,,true,\n2147483648,B,,,,,true,", 3, "whole number"),
    ("click_ids", "1,x,a,cpc,fal\u017fe,", 2, "is_paid"), ("identity_overrides", "a,b,l\u0131nk,", 2, "choose link"),
])
def test_broken_seeds(tmp_path, seed, text, line, words):
    path = tmp_path / f"{seed}.csv"
    path.write_text(",".join(COLUMNS[seed]) + "\n" + text + "\n", encoding="utf-8")
    problem = next(iter(seed_problems(path)))
    assert problem.startswith(f"seeds/{seed}.csv, line {line}: ") and words in problem and problem.endswith(".")


def test_seed_files_that_cannot_be_read(tmp_path):
    assert "is missing" in first_problem(tmp_path)
    path = tmp_path / "referrers.csv"
    for content, words in ((b"host_pattern;source;category\n", "columns"), (b"\xff\xfe", "UTF-8"), (b'a,"b', "quotes")):
        path.write_bytes(content)
        assert words in next(iter(seed_problems(path)))


def test_refreshes(tmp_path):
    """A first refresh, one that fails in the middle, the one that continues it: equal to a full refresh."""
    site = Installed(DuckDB(tmp_path), tmp_path)
    site.receive(visits(6))
    outcome = site.refresh()
    assert_succeeded(outcome)
    lines = outcome.stdout.splitlines()
    models = {path.stem for path in (site.root / "models").rglob("*.sql")}
    assert {line.split()[0] for line in lines if line.endswith(" s")} <= models
    assert any(line.split()[:3] == ["attribution", "3", "rows"] for line in lines)
    assert any(line.startswith("batch 1, ") for line in lines)
    assert "  messages  9 new, 9 in all" in lines
    assert "  sign-ups  3, 100.0 % of them in the first session" in lines

    before = site.contents()
    site.receive(visits(4, first=6))
    site.database.load("tracks", [{"id": "1", "anonymous_id": "a", "plan": "free"}])
    with site.edited(
            "models/sessions/attribution.sql", "\nselect * from attribution", "\nselect * from no_such_table"):
        outcome = site.refresh()
    assert_refused(outcome, "attribution failed", "no_such_table", "run again", exit_code=1)
    between = site.contents()
    for name in ("attribution", "all_sessions", "useful_sessions"):
        assert between[f"sessions.{name}"] == before[f"sessions.{name}"]
    assert len(between["sessions_stages.session_visits"]) > len(before["sessions_stages.session_visits"])

    outcome = site.refresh("--quiet")
    assert_succeeded(outcome)
    assert outcome.stdout == ""
    continued = site.contents()
    assert len(continued["sessions.attribution"]) == len(continued["sessions.useful_sessions"]) == 5

    outcome = site.refresh("--full-refresh", attributed_channels=["Organic search", "Direct"])
    assert outcome.returncode == 0
    assert outcome.stderr == "attributed_channels: no rule gives the channel Organic search. Did you mean Organic Search?\n"
    rebuilt = site.contents()
    for name in ("attribution", "all_sessions", "useful_sessions"):
        assert rebuilt[f"sessions.{name}"] == continued[f"sessions.{name}"]


def test_new_column_and_selection(tmp_path):
    site = Installed(DuckDB(tmp_path), tmp_path)
    site.receive(visits(2))
    assert_succeeded(site.refresh("--quiet"))
    site.receive({"tracks": [{"id": "1", "anonymous_id": "device 1", "plan": "free"}]})
    site.database.load("tracks", [{"id": "2", "anonymous_id": "a\n", "received_at": datetime(2025, 2, 3)}])
    outcome = site.refresh("--audit", "--since", "2025-01-01", "--log-format", "text")
    assert outcome.returncode == 2 and not outcome.stderr and "loaded on 2025-02-03, ids: 1, missing: 1" in outcome.stdout
    assert "some are missing (1): run refresh.py --since 2025-02-03, then --audit again" in outcome.stdout
    outcome = site.refresh("--select", "schema_changes")
    assert_succeeded(outcome)
    lines = outcome.stdout.splitlines()
    assert [line.split()[0] for line in lines if line.endswith(" s")] == ["schema_changes"]
    assert any(line.startswith("  source column  tracks.plan new ") for line in lines)


def test_the_demo_replaces_only_what_is_its_own(tmp_path):
    variables, database = tmp_path / "my_site.yml", tmp_path / "a.duckdb"
    with duckdb.connect(str(database)):
        pass
    demo.make_room(variables, database)
    assert not database.exists()  # there was nothing in it
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table mine (id int)")
    with pytest.raises(RefreshError, match="a.duckdb is not the demo's"):
        demo.make_room(variables, database)
    variables.write_text(demo.TEXT + "own_domains: [mine.com]")
    with pytest.raises(RefreshError, match="my_site.yml is not the demo's"):
        demo.make_room(variables, database)
    assert database.exists()
    variables.write_text(demo.TEXT)
    demo.make_room(variables, database)
    assert not database.exists()
