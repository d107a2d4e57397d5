"""The tables on Spark with Iceberg equal the oracle's: make test-spark. Skipped where pyspark is not installed.

A statement takes Spark half a second or more, however few rows there are, so one database and one session serve all tests, each test
continues where the one before left off, and each load has sample messages and those of many random scenarios, which do not meet.
"""

import json
import os
import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")

import snowpark_connect_deps_iceberg  # noqa: E402
from dbt.adapters.spark import session  # noqa: E402

import compact  # noqa: E402
import explain  # noqa: E402
import health  # noqa: E402
import refresh  # noqa: E402
import report  # noqa: E402
import samples  # noqa: E402
import strategies  # noqa: E402
from common.errors import BAD_INPUT, LOCKED_OUT  # noqa: E402
from database.lease import Lease  # noqa: E402
from database.stored_tables import stored_tables  # noqa: E402
from database.target import find_target  # noqa: E402
from engines import DuckDB, Spark  # noqa: E402
from explaining.facts import Common  # noqa: E402
from explaining.story import explain as explain_person  # noqa: E402
from harness import Engine, PUBLISHED, as_vars, assert_equal, rounded  # noqa: E402
from oracle import Rules, Settings, compute  # noqa: E402
from oracle.reporting import Options  # noqa: E402
from project import Project, environment  # noqa: E402
from receivers import Vendors  # noqa: E402
from reporting.facts import read_facts  # noqa: E402
from test_explain import assert_agrees  # noqa: E402
from test_properties import CHANNEL, OTHER_NAME, USUAL_SEED, draw_scenarios, rename_channel  # noqa: E402
from test_reporting import SOURCES, assert_marts, business  # noqa: E402, F401
from test_sample import SHARE, assert_whole, rows_of  # noqa: E402

JAR = next(Path(snowpark_connect_deps_iceberg.__file__).parent.glob("jars/iceberg-spark-runtime-3.5_2.12-*.jar"))
EXAMPLES = int(os.environ.get("EXAMPLES", "20"))  # random scenarios
KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("HYPOTHESIS_SEED", USUAL_SEED))
SETTINGS = Settings(
    own_domains=("example.com", *strategies.OWN_DOMAINS), ignored_events=strategies.IGNORED_EVENTS,
    max_users_per_person=strategies.MAX_USERS_PER_PERSON,
    # what Spark silently misreads unless it is told: a quote in a text, and a backslash
    signup_events=("signed_up", "it's", "a\\b"))
TOGETHER = ("all_sessions", "attribution")  # tables that change together
NOON = datetime(2026, 1, 15, 12)
RANDOM_ID = re.compile(r"e[0-9]+-")  # of a scenario
MARTS = Options(report_timezone="America/New_York", time_decay_half_life_days=0.5)
PLACES = {name: [{"schema": schema, "table": name, "optional": True} for schema in ("segment", strategies.SECOND)] for name in strategies.COLLECTIONS}
BUSINESS = {name: {"schema": "segment", "table": name, "optional": True} for name in (*SOURCES, "identity_overrides") if name not in PLACES}
PLAIN = {**as_vars(SETTINGS), "sources": {**PLACES, "identity_overrides": BUSINESS["identity_overrides"]}}
MONEY = {
    **PLAIN, "report_timezone": MARTS.report_timezone, "time_decay_half_life_days": MARTS.time_decay_half_life_days,
    "sources": {**PLACES, **BUSINESS},
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = Engine(Spark(tmp_path_factory.mktemp("warehouse"), JAR), tmp_path_factory.mktemp("dbt"))
    made.project.is_served = False  # a process of its own would need a session of its own
    yield made
    made.database.session().stop()
    made.close()


@dataclass
class Arrived:
    """What arrives: loads in order, and rows of identity_overrides after each. So far: `count` of them, and the rules then."""

    loads: list
    overrides: list
    rules: Rules
    count: int = 0

    def next(self, engine):
        """The next load comes, with its overrides, and a channel has another name from now on."""
        engine.receive(self.loads[self.count])
        engine.override(self.overrides[self.count])
        self.count += 1
        if self.count > 1:
            names = (OTHER_NAME, CHANNEL) if self.count % 2 else (CHANNEL, OTHER_NAME)
            self.rules = rename_channel(engine, self.rules, *names)

    def assert_equal(self, engine, when):
        assert_equal(engine, self.loads[:self.count], SETTINGS, self.rules, when, self.overrides[self.count - 1])

    def assert_marts(self, engine, business, when):
        assert_marts(engine, self.loads[:self.count], business, MARTS, self.rules, when, SETTINGS, self.overrides[self.count - 1])


@pytest.fixture(scope="module")
def arrived(small_sample_days, project_seeds):
    """The last of the sample's days come one by one; the scenarios' messages are in places of their own, whose load times are others."""
    scenarios = [strategies.prefixed(made, f"e{number}-") for number, made in enumerate(draw_scenarios(EXAMPLES, SEED))]
    days = strategies.MAX_LOADS - 1
    loads = [samples.together([*small_sample_days[:-days], {"tracks": traps()}]), *small_sample_days[-days:]]
    for load, random_load in zip(loads, strategies.merge(scenarios)):
        for collection, rows in strategies.by_one_clock(random_load).items():
            load[collection, f"{strategies.SECOND}.{collection}"] = rows
    return Arrived(loads, [strategies.overrides_after(scenarios, number) for number in range(1, len(loads) + 1)], project_seeds)


@pytest.fixture(scope="module")
def loads(arrived):
    """The messages that `business` takes its users and campaigns from."""
    return arrived.loads


def traps() -> list[dict]:
    """Messages that only a correct reading of SQL gets right."""
    def message(id, user, event, **columns):
        return {"id": id, "user_id": user, "event": event, "timestamp": NOON, "received_at": NOON, **columns}

    return [
        message("trap-quote", "trap-quote", "it's"),
        message("trap-backslash", "trap-backslash", "a\\b"),
        # of two copies the one with a title counts: nulls come last
        message("trap-null", "trap-null", "signed_up"),
        message("trap-null", "trap-null", "signed_up", context_page_title="A title"),
        message("trap-time", "trap-time", "signed_up", timestamp=NOON - timedelta(days=1)),
        # a page that is unknown is none of those on which the referrer does not count
        message("trap-path", "trap-path", "signed_up", context_page_referrer="https://www.facebook.com/"),
    ]


class Death(Exception):
    """What a statement meets when the refresh is dead."""


class CommitFailed(Exception):
    """What a statement meets once, when another commit came first."""


@pytest.fixture
def dies(monkeypatch):
    """Called with a text and a number: the refresh dies after so many statements from the first with the text. `dies.is_dead` tells.

    Called with CommitFailed as error: only the next statement fails. Called with nothing: refreshes live. `dies.sent`: all statements since the call.
    """
    send = session.Cursor.execute

    def execute(cursor, sql, *parameters):
        if dies.is_dead and ".lease" not in sql:  # which another thread renews
            dies.is_dead = dies.error is Death
            raise dies.error("org.apache.iceberg.exceptions.CommitFailedException: Version 7 already exists")
        dies.sent.append(sql)
        send(cursor, sql, *parameters)
        dies.left -= dies.left < dies.count or dies.text in sql
        dies.is_dead = dies.left == 0
        if dies.is_dead and dies.error is CommitFailed:
            dies.left = dies.count = -1

    def dies(text="", count=-1, error=Death):
        dies.text, dies.count, dies.left, dies.error, dies.is_dead, dies.sent = text, count, count, error, False, []

    dies()
    monkeypatch.setattr(session.Cursor, "execute", execute)
    return dies


def rows(engine, tables=PUBLISHED) -> dict[str, list[str]]:
    """All rows of tables, in a comparable form."""
    return {table: sorted(map(repr, engine.published(table))) for table in tables}


def plan_of(engine, model, statements) -> str:
    """How Spark would run a model's query now, which is in the longest statement sent for it."""
    statement = max((statement for statement in statements if f'"model.signup_attribution.{model}"' in statement), key=len)
    query = re.search(r"\) as\s+((with|select)\b.*)", statement, re.DOTALL)[1]
    return engine.database.query(f"explain formatted {query}")[0]["plan"]


def test_first_load(engine, arrived):
    arrived.next(engine)
    engine.refresh(PLAIN)
    arrived.assert_equal(engine, "after the first load")


@pytest.mark.parametrize("person", ["trap-quote", "trap-backslash"])
def test_text_in_a_setting(engine, person):
    assert engine.database.query(f"select 1 from sessions.attribution where alias_id = '{person}'")


def test_nulls_come_last(engine):
    (found,) = engine.database.query("select page_title from partitioning.app_tracks where event_id = 'trap-null'")
    assert found["page_title"] == "A title"


def test_an_unknown_text_has_no_part(engine):
    (found,) = engine.database.query("select last_touch_source from sessions.attribution where alias_id = 'trap-path'")
    assert found["last_touch_source"] == "facebook"


def test_a_column_named_like_a_type_is_a_column(engine):
    (found,) = engine.database.query("select occurred_at from partitioning.app_tracks where event_id = 'trap-time'")
    assert found["occurred_at"] == NOON - timedelta(days=1)


def test_sample(engine, tmp_path):
    """A developer's sample has all rows of its persons, whether the sources or production's tables say who is connected.

    It reads no overrides, which are in no message, and so none of the random scenarios, which have some.
    """
    def chosen():
        return {(row["id_type"], row["id"]) for row in engine.fetch("dev_ann_refresh.sample_ids") if not RANDOM_ID.match(row["id"])}

    sampling = {**as_vars(SETTINGS), "sample": SHARE}
    warehouse = Path(engine.database.environment["SIGNUP_ATTRIBUTION_WAREHOUSE"])
    schemas = {**engine.database.environment, "SIGNUP_ATTRIBUTION_SCHEMA": "dev_ann"}
    developer = Project(SimpleNamespace(target="spark", environment=schemas, loaded_seeds=None), tmp_path)
    (warehouse / "aliasing").rename(warehouse / "hidden")
    try:
        developer.refresh(sampling)
    finally:
        (warehouse / "hidden").rename(warehouse / "aliasing")
    production, sample, from_sources = rows_of(engine), rows_of(engine, "dev_ann_"), chosen()
    assert_whole(sample, production)
    assert 0 < len(sample["attribution"]) < len(production["attribution"])
    engine.database.execute("delete from dev_ann_refresh.sample_ids")
    again = developer.run("run", "--select", "known_messages", "batch_messages", vars=sampling)
    assert again.success and chosen() == from_sources, again.error


def test_refreshes_that_die(engine, arrived, dies):
    """Each refresh finishes what the one before left, and dies a little later. The last one goes on with what has come meanwhile."""
    chance = random.Random(SEED)
    published = {row["tableName"] for row in engine.database.query("show tables in sessions")}  # all by the first of them
    built = [row["model"] for row in sorted(engine.fetch("refresh.models"), key=lambda row: row["refreshed_at"]) if row["rows_written"]]
    at = {name: (f'"model.signup_attribution.{name}"', chance.randint(1, 6)) for name in built if name not in published}
    # between a table and its watermark, where a second merge would count twice; and with published tables written that readers do not see yet
    known = {"device_sessions": ("merge into sessions_stages.device_sessions", 1), "attribution": ("merge into sessions.attribution", 1)}
    others = chance.sample([name for name in at if name not in known], max(KILLS - len(known), 0))
    arrived.next(engine)
    for name in sorted([*known, *others], key=built.index):
        if name == "device_sessions":
            dies()
            refused = engine.project.run("run", "--select", "+device_sessions", "--exclude", "merged_visits", vars=PLAIN)
            assert not refused.success and "select it too (--select merged_visits+)" in refused.error, "rows of an earlier batch are read"
        dies(*known.get(name, at.get(name)))
        before = rows(engine, TOGETHER)
        assert not engine.refresh(PLAIN, check=False).success and dies.is_dead, f"it did not die at {name}"
        assert name != "attribution" or rows(engine, TOGETHER) == before, "readers see the batch before all of it is there"
    dies()
    arrived.next(engine)
    engine.refresh(PLAIN)
    arrived.assert_equal(engine, "after refreshes that died")
    plan = plan_of(engine, "rejected_events", dies.sent)
    assert "partitioning.rejected_events" in plan and "NestedLoop" not in plan, "each new row is compared with all"
    sources = re.findall(r"segment\.pages .*?filters=(.*?), groupedBy", plan_of(engine, "batch_messages", dies.sent))
    assert sources and all("uuid_ts > " in filters for filters in sources), f"files that were loaded long ago are read: {sources}"


def test_compaction(engine, tmp_path, monkeypatch, capsys):
    """Fewer files hold the same rows, while the lease is renewed; the next test refreshes them."""
    def files():
        warehouse = Path(engine.database.environment["SIGNUP_ATTRIBUTION_WAREHOUSE"])
        return [len([*warehouse.rglob("*.parquet")])] + [
            engine.database.query(f"select count(*) as count from {table}.files")[0]["count"]
            for table in ("partitioning.app_tracks", "sessions_stages.session_visits", "sessions.attribution")]

    in_environment(engine, tmp_path, monkeypatch)
    held, before, lease = files(), rows(engine), Lease(find_target("spark", engines=("spark",)))
    assert lease.acquire() and compact.main(["--target", "spark"]) == LOCKED_OUT
    lease.release()
    monkeypatch.setattr("database.lease.RENEWED_AFTER_SECONDS", 2)
    assert compact.main(["--target", "spark", "--older-than", "1s", "--orphans"]) == 0, capsys.readouterr().err
    assert "sessions_stages.session_visits: " in capsys.readouterr().out
    assert rows(engine) == before
    assert all(fewer < many for fewer, many in zip(files(), held)), (held, files())


def in_environment(engine, folder, monkeypatch):
    """Scripts find the database, and write to the folder."""
    monkeypatch.chdir(folder)  # a refresh goes to the project's folder
    for name, value in {**engine.database.environment, "DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder)}.items():
        monkeypatch.setenv(name, value)


def test_a_day_by_the_runner(engine, arrived, business, dies, tmp_path, monkeypatch, capsys):  # noqa: F811
    """It waits for no dead refresh, repeats what fails temporarily, and completes the log; --check reads. The marts catch up with what they missed."""
    arrived.next(engine)
    for load in business:
        engine.receive(load)
    in_environment(engine, tmp_path, monkeypatch)
    settings, lines = tmp_path / "refresh.yml", tmp_path / "lines.json"
    settings.write_text(
        f"metrics: {{prometheus_textfile: {{path: {tmp_path}/figures.prom}}}}\nalerts: {{webhook: {{url_env: HOOK, when: always}}}}", encoding="utf-8")
    vendors = Vendors()
    monkeypatch.setenv("HOOK", f"{vendors.address}/hook/refresh")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    target = ["--target", "spark", "--vars", json.dumps(MONEY)]
    command = [*target, "--settings", str(settings), "--log-file", str(lines)]
    other = Lease(find_target("spark", engines=("spark",)))
    assert other.acquire()
    assert refresh.main(command) == LOCKED_OUT and f"by process {os.getpid()} on " in capsys.readouterr().err
    other.ending.set()  # as if it had died
    engine.database.execute(f"update refresh.lease set until = timestamp '{NOON}'")
    # between a table and its watermark a second merge would count twice
    dies("merge into sessions_stages.device_sessions", 1, CommitFailed)
    assert refresh.main(command) == 0, capsys.readouterr().err
    assert other.take(), "a refresh that ended keeps the lease"
    other.release()
    arrived.assert_equal(engine, "after a day by the runner")
    arrived.assert_marts(engine, business, "after a day by the runner")
    newest = max(row["batch_id"] for row in engine.fetch("refresh.refresh_log"))
    log = {row["model"]: row for row in engine.fetch("refresh.refresh_log") if row["batch_id"] == newest}
    assert log["device_sessions"]["attempts"] == 2 and log["app_tracks"]["attempts"] == 1 and log["app_tracks"]["seconds"] > 0
    assert [row["status"] for row in engine.fetch("refresh.refresh_runs") if row["batch_id"] == newest] == ["success"]
    assert "signup_attribution_refresh_success{" in (tmp_path / "figures.prom").read_text(encoding="utf-8")
    vendors.shutdown()
    assert [body["refresh"]["status"] for body in vendors.bodies("/hook/refresh")] == ["success"]
    events = [json.loads(line)["event"] for line in lines.read_text(encoding="utf-8").splitlines()]
    assert "retry" in events and events[-1] == "refresh_finished"
    capsys.readouterr()
    assert refresh.main([*target, "--check"]) == 0
    said = capsys.readouterr().out
    assert "PROBLEM" not in said and "pages: segment.pages" in said


def test_what_scripts_tell(engine, arrived, business, tmp_path, monkeypatch, capsys):  # noqa: F811
    """Stories agree with the oracle, and the report has the facts that it has of the same messages on DuckDB; health.py is content."""
    in_environment(engine, tmp_path, monkeypatch)
    loads, overrides = arrived.loads[:arrived.count], arrived.overrides[arrived.count - 1]
    expected = compute(loads, SETTINGS, arrived.rules, overrides=overrides)
    people = [next(row["alias_id"] for row in expected["attribution"] if row["alias_id"].startswith("e") == is_random) for is_random in (True, False)]
    with stored_tables("spark", "test") as tables:
        common = Common(tables)
        for person in people:
            assert_agrees(explain_person(tables, person, common), expected, SETTINGS, arrived.rules)
        facts = read_facts(tables, MARTS.report_timezone, "first")
    assert facts_on_duckdb(arrived, business, tmp_path) == comparable(facts)
    assert health.main(["--target", "spark"]) == 0 and "The last refresh succeeded" in capsys.readouterr().out
    assert explain.main(["--target", "spark", people[0]]) == 0 and people[0] in capsys.readouterr().out
    assert report.main(["--target", "spark", "--vars", json.dumps(MONEY), "--output", str(tmp_path / "report.html")]) == 0, capsys.readouterr().err


def facts_on_duckdb(arrived, business, folder):  # noqa: F811
    """The report's facts of all that has arrived, on DuckDB."""
    other = Engine(DuckDB(folder), folder)
    for load in [*arrived.loads[:arrived.count], *business]:
        other.receive(load)
    other.override(arrived.overrides[arrived.count - 1])
    other.refresh(PLAIN)  # which loads the seeds
    rename_channel(other, arrived.rules, CHANNEL, next(row["channel"] for row in arrived.rules.channel_rules if row["channel"] in (CHANNEL, OTHER_NAME)))
    other.refresh(MONEY, reporting=True)
    with environment(other.database.environment), stored_tables("duckdb", "test") as tables:
        facts = comparable(read_facts(tables, MARTS.report_timezone, "first"))
    other.close()
    return facts


def comparable(facts):
    """Facts without what depends on when and how often was refreshed."""
    return rounded({name: value for name, value in facts.items() if name not in ("made_at", "health", "changed")})


def test_audit(engine, tmp_path, monkeypatch, capsys):
    """It finds the one message whose load time is one that the last refresh had read already."""
    in_environment(engine, tmp_path, monkeypatch)
    audit = ["--target", "spark", "--vars", json.dumps(PLAIN), "--audit"]
    old = NOON - timedelta(days=1000)
    engine.load("tracks", [{"id": "hidden", "user_id": "hidden", "event": "signed_up", "timestamp": old, "received_at": old, "uuid_ts": old}])
    assert refresh.main(audit) == BAD_INPUT, capsys.readouterr().err
    assert f"tracks (segment.tracks): loaded on {old:%Y-%m-%d}, ids: 1, missing: 1\n" in capsys.readouterr().out
    engine.database.execute("delete from segment.tracks where id = 'hidden'")
    assert refresh.main(audit) == 0, capsys.readouterr().out
    assert [row["missed_count"] for row in engine.fetch("refresh.last_audit")] == [0]


def test_detached_month(engine, arrived, dies):
    """Whoever dies between two statements lost nothing, and the next call finishes it. The next test's refresh brings no late copy back."""
    def detach():
        return engine.project.operate("detach_month", "--args", f"{{month: '{month:%Y-%m}'}}")

    def keys(table):
        return sorted((row["message_type"], row["event_id"]) for row in engine.fetch(table))

    counted = max(engine.fetch("partitioning.partitions"), key=lambda row: row["row_count"])
    month, before, stored = counted["month"], rows(engine), keys("partitioning.app_tracks")
    for text in ("insert into `refresh`.archived_messages", "delete from partitioning.app_tracks "):
        dies(text, 1)
        assert not detach()[0] and dies.is_dead, text
    dies()
    succeeded, said = detach()
    assert succeeded, said
    detached = keys(f"partitioning.app_tracks_{month:%Y_%m}_detached")
    assert len(detached) == counted["row_count"] and keys("refresh.archived_messages") == detached
    assert sorted([*keys("partitioning.app_tracks"), *detached]) == stored
    (found,) = [row for row in engine.fetch("partitioning.partitions") if row["month"] == month]
    assert (found["row_count"], found["detached_row_count"]) == (0, len(detached))
    assert {**rows(engine), "app_tracks": None} == {**before, "app_tracks": None}
    assert "nothing was detached" in detach()[1]
    copied = next(row for row in arrived.loads[0]["pages"] if ("pages", row["id"]) in detached)
    engine.load("pages", [{**copied, "uuid_ts": max(row["uuid_ts"] for load in arrived.loads for row in load.get("pages", []))}])


def test_nothing_then_all_again(engine, arrived, business, project_seeds):  # noqa: F811
    before = rows(engine)
    engine.refresh(MONEY, reporting=True)
    assert rows(engine) == before, "a refresh without new messages changed something"
    arrived.assert_marts(engine, business, "after nothing")
    engine.refresh(MONEY, full_refresh=True, reporting=True)
    arrived.rules = project_seeds  # loaded again
    arrived.assert_equal(engine, "after a full refresh")
    arrived.assert_marts(engine, business, "after a full refresh")


def test_dbt_tests(engine):
    """The project's data tests and unit tests, but those whose rows are written in another SQL, and one of a model of many statements."""
    not_here = ["paths_are_taken_apart_into_moves", "a_path_ends_at_the_signup_or_goes_on", "persons_change_by_messages_identity_and_rules",
                "links_are_transitive_and_have_a_limit"]
    outcome = engine.project.run("test", "--exclude", *not_here, vars=MONEY, reporting=True)
    assert outcome.success and len(outcome.statuses) > 300, outcome.error
