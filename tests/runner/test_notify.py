"""Metrics and alerts of refreshes, sent to receivers on loopback that check them."""

import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engines import DuckDB
from installed import ROOT, Installed, visits
from notify import main
from notifying.announcing import announce, announce_test
from notifying.record import ModelRun, RunRecord
from notifying.settings import make_settings
from receivers import StatsdListener, Vendors, embedded_metrics

STARTED = datetime(2026, 5, 1, 4, tzinfo=UTC)
SUCCESS = RunRecord(7, "postgres", "success", STARTED, 90.5, (
    ModelRun("app_tracks", "success", 60.25, 2, 1000, 900, 0),
    ModelRun("attribution", "success", 5.0, 1, None, 12, 3),
), newest_message_at=STARTED - timedelta(hours=2))
FAILURE = replace(SUCCESS, batch_id=8, status="failed", error="app_tracks failed: column <a> & <b> not found.", models=(
    ModelRun("app_tracks", "error", 1.5, 3, None, None, None, "column <a> & <b> not found\n" * 500),
    ModelRun("attribution", "skipped", 0.0, 0, None, None, None),
))
ROUTING_KEY = "R0UTINGKEY0123456789012345678901"
TOKEN = "Bearer webhook-secret"


@pytest.fixture(scope="module")
def vendors():
    server = Vendors()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(vendors, monkeypatch):
    """Variables with the secrets; what the receivers got is forgotten."""
    vendors.received, vendors.open_alerts, vendors.groups, vendors.failures = [], set(), {}, 0
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return {"KEY": ROUTING_KEY, "SLACK": f"{vendors.address}/services/T00/B00/slack-secret\n",
            "HOOK": f"{vendors.address}/hook/webhook-path", "TOKEN": TOKEN}


def settings(metrics=None, alerts=None, **others):
    return make_settings({"metrics": metrics or {}, "alerts": alerts or {}, **others})


def pagerduty(vendors, path="/v2/enqueue"):
    return {"pagerduty": {"routing_key_env": "KEY", "url": vendors.address + path}}


def test_statsd_with_tags_and_without(monkeypatch):
    listener = StatsdListener()
    assert announce(SUCCESS, settings({"statsd": {"port": listener.port}})) == []
    gauges = listener.take()
    tags = "service:signup_attribution,target:postgres"
    assert gauges["signup_attribution.refresh_success", tags] == 1
    assert gauges["signup_attribution.refresh_duration_seconds", tags] == 90.5
    assert gauges["signup_attribution.newest_message_age_seconds", tags] == 7290.5
    assert gauges["signup_attribution.model_rows_read", f"{tags},model:app_tracks"] == 1000
    assert ("signup_attribution.model_rows_read", f"{tags},model:attribution") not in gauges
    assert len(gauges) == 3 + 6 + 5

    monkeypatch.setenv("DD_ENV", "production")  # a tag for Datadog's library, which a plain server would not know
    plain = settings({"statsd": {"port": listener.port, "tags": False}}, service="shop")
    assert announce(replace(FAILURE, target="a.b"), plain) == []
    gauges = listener.take()
    assert gauges["shop.a_b.refresh_success", None] == 0
    assert gauges["shop.a_b.app_tracks.model_attempts", None] == 3
    assert [gauges[f"shop.a_b.attribution.model_{name}", None] for name in ("success", "attempts")] == [0, 0]
    listener.socket.close()
    assert announce(SUCCESS, plain) == [
        "metrics.statsd of refresh.yml got no notification: it does not take all datagrams: look at its host and port."]


def samples_of(text):
    """(name, target, model) -> value in a text of Prometheus's."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name.removeprefix("signup_attribution_"), sample.labels["target"], sample.labels.get("model")):
            sample.value for sample in samples}


def test_prometheus_textfile_keeps_the_last_success_and_other_targets(tmp_path):
    path = tmp_path / "refresh.prom"
    own = settings({"prometheus_textfile": {"path": str(path)}})
    assert announce(replace(SUCCESS, target="duckdb"), own) == []
    assert announce(SUCCESS, own) == []
    ended = (STARTED + timedelta(seconds=90.5)).timestamp()
    first = samples_of(path.read_text())
    assert first["refresh_last_success_timestamp_seconds", "postgres", None] == ended
    assert first["newest_message_timestamp_seconds", "postgres", None] == (STARTED - timedelta(hours=2)).timestamp()
    assert first["model_rows_deleted", "postgres", "attribution"] == 3
    assert not any(name.endswith("_age_seconds") for name, _, _ in first)

    assert announce(replace(FAILURE, started_at=STARTED + timedelta(days=1)), own) == []
    second = samples_of(path.read_text())
    assert second["refresh_success", "postgres", None] == 0 and second["refresh_success", "duckdb", None] == 1
    assert second["refresh_last_success_timestamp_seconds", "postgres", None] == ended
    assert second["model_attempts", "postgres", "app_tracks"] == 3
    assert announce_test(own) == {"metrics.prometheus_textfile": None}
    assert samples_of(path.read_text()) == second and os.listdir(tmp_path) == ["refresh.prom"]

    path.write_text("no { metrics\n")
    assert announce(SUCCESS, own) == [
        f"metrics.prometheus_textfile of refresh.yml got no notification: {path} is not a metrics file: move it away."]
    assert path.read_text() == "no { metrics\n"


def test_pushgateway(vendors, environment):
    own = settings({"prometheus_pushgateway": {"url": vendors.address, "authorization_env": "TOKEN"}})
    assert announce(SUCCESS, own, environment) == announce(FAILURE, own, environment) == []
    (group,) = vendors.groups.values()
    assert list(vendors.groups) == [(("job", "signup_attribution"), ("target", "postgres"))]
    assert group["signup_attribution_refresh_success"] == {None: 0}
    assert group["signup_attribution_refresh_last_success_timestamp_seconds"][None] > STARTED.timestamp()
    assert group["signup_attribution_model_attempts"] == {"app_tracks": 3, "attribution": 0}
    assert vendors.received[0][1]["Authorization"] == TOKEN
    assert announce(SUCCESS, own, {}) == [
        "metrics.prometheus_pushgateway of refresh.yml got no notification: "
        "the environment variable TOKEN is not set: set it where the refresh runs."]


def test_cloudwatch(capsys):
    models = tuple(replace(SUCCESS.models[0], name=f"model_{number}") for number in range(12))
    assert announce(replace(SUCCESS, models=models), settings({"cloudwatch": {"namespace": "shop"}})) == []
    (whole, figures), *others = map(embedded_metrics, capsys.readouterr().out.splitlines())
    assert whole == {"service": "signup_attribution", "target": "postgres"}
    assert figures == {"refresh_success": 1, "refresh_duration_seconds": 90.5, "newest_message_age_seconds": 7290.5}
    assert [dimensions["model"] for dimensions, _ in others] == [model.name for model in models]
    assert others[0][1]["model_rows_inserted"] == 900


def test_pagerduty_opens_one_alert_of_each_kind_and_resolves_it(vendors, environment):
    own = settings(alerts=pagerduty(vendors), stale_after_hours=2)
    assert announce(FAILURE, own, environment) == announce(FAILURE, own, environment) == []
    assert vendors.open_alerts == {"failed/signup_attribution/postgres", "stale/signup_attribution/postgres"}
    event = vendors.bodies("/v2/enqueue")[0]
    assert event["routing_key"] == ROUTING_KEY and event["payload"]["severity"] == "critical"
    assert event["payload"]["summary"] == f"signup_attribution: refresh of postgres (batch 8) failed: {FAILURE.error}"
    assert event["payload"]["custom_details"]["skipped_models"] == ["attribution"]
    assert announce(replace(FAILURE, error=FAILURE.models[0].error, target="t" * 300), own, environment) == []
    unknown = replace(FAILURE, error=None, models=(), newest_message_at=None)
    assert announce(unknown, own, environment) == [] and len(vendors.open_alerts) == 4

    assert announce(SUCCESS, own, environment) == []
    assert "failed/signup_attribution/postgres" not in vendors.open_alerts
    assert "stale/signup_attribution/postgres" in vendors.open_alerts
    assert announce(replace(SUCCESS, newest_message_at=STARTED), own, environment) == []
    assert "stale/signup_attribution/postgres" not in vendors.open_alerts


def test_slack_and_webhook(vendors, environment):
    webhook = {"url_env": "HOOK", "authorization_env": "TOKEN"}
    own = settings(alerts={"slack": {"webhook_url_env": "SLACK"}, "webhook": webhook}, stale_after_hours=2)
    assert announce(FAILURE, own, environment) == []
    (message,) = vendors.bodies("/services/T00/B00/slack-secret")
    failed, stale = message["text"].splitlines()
    assert failed.endswith("(batch 8) failed: app_tracks failed: column &lt;a&gt; &amp; &lt;b&gt; not found.")
    assert stale.endswith(": data of postgres is stale: its newest message is 2.0 hours old, 2 are allowed.")
    (body,) = vendors.bodies("/hook/webhook-path")
    assert [problem["kind"] for problem in body["problems"]] == ["failed", "stale"]
    assert body["refresh"]["started_at"] == "2026-05-01T04:00:00+00:00"
    assert body["refresh"]["models"][0]["attempts"] == 3
    assert [headers["Authorization"] for path, headers, _ in vendors.received if path.startswith("/hook")] == [TOKEN]

    fresh = replace(SUCCESS, newest_message_at=STARTED)
    assert announce(fresh, own, environment) == [] and len(vendors.received) == 2
    always = settings(alerts={"webhook": {"url_env": "HOOK", "when": "always"}})
    assert announce(fresh, always, environment) == []
    assert vendors.bodies("/hook/webhook-path")[1]["problems"] == []


def test_endpoints_that_fail_are_named_and_no_secret_is_said(vendors, environment, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    closed = StatsdListener()  # a port that nobody serves over TCP
    everything = {**pagerduty(vendors), "slack": {"webhook_url_env": "SLACK"},
                  "webhook": {"url_env": "HOOK", "authorization_env": "TOKEN"}}
    gateway = {"prometheus_pushgateway": {"url": f"http://127.0.0.1:{closed.port}", "authorization_env": "TOKEN"}}
    of = "of refresh.yml got no notification"
    look = "look at its host and the network."

    vendors.failures = 1000
    assert announce(FAILURE, settings(gateway, everything), environment) == [
        f"metrics.prometheus_pushgateway {of}: no connection: {look}",
        *(f"alerts.{name} {of}: it answered 500: try again later." for name in everything)]
    assert len(vendors.received) == 2 * len(everything)
    vendors.failures = 1
    assert announce(FAILURE, settings(alerts={"slack": everything["slack"]}), environment) == []  # at the second try

    vendors.failures = 0
    for name, value, sentence in (
        ("KEY", "short-key",
         "alerts.pagerduty {of}: it answered 400 ($.routing_key: '***' is too short): correct its settings."),
        ("SLACK", environment["SLACK"].replace("T00", "T99"),
         "alerts.slack {of}: it answered 404 (no_service): correct its settings."),
        ("SLACK", " ", "alerts.slack {of}: the environment variable SLACK is not set: set it where the refresh runs."),
        ("HOOK", f"{vendors.address}/moved/hook-secret", "alerts.webhook {of}: it answered 302: correct its settings."),
        ("HOOK", "hook-secret.example", "alerts.webhook {of}: its address or header cannot be used: correct them."),
        ("HOOK", f"http://127.0.0.1:{closed.port}/hook-secret", "alerts.webhook {of}: no connection: {look}"),
        ("TOKEN", "two\nlines-secret", "alerts.webhook {of}: its address or header cannot be used: correct them."),
    ):
        assert announce(FAILURE, settings(alerts=everything), {**environment, name: value}) == [
            sentence.format(of=of, look=look)]
    slow = settings(alerts={"webhook": everything["webhook"]}, timeout_seconds=0.1)
    assert announce(FAILURE, slow, {**environment, "HOOK": f"{vendors.address}/slow"}) == [
        f"alerts.webhook {of}: no answer within 0.1 seconds: {look}"]
    assert announce(None, settings(alerts=everything), environment) == [
        "Nobody was notified of this refresh: its record cannot be read (AttributeError)."]
    said = caplog.text + "".join(capfd.readouterr())
    for secret in (*environment.values(), "slack-secret", "webhook-secret", "webhook-path", "short-key", "hook-secret"):
        assert secret.strip() not in said


def test_a_hanging_endpoint_is_given_up(monkeypatch):
    """What no time-out of a library covers, such as looking up a name."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *arguments, **options: time.sleep(5))
    own = make_settings({"timeout_seconds": 0.01, "tries": 1, "metrics": {"statsd": {"host": "example.com"}}})
    assert announce(SUCCESS, own) == [
        "metrics.statsd of refresh.yml got no notification: "
        "nothing happened within 1.02 seconds: look at its host and the network."]


def test_the_command(vendors, environment, tmp_path, monkeypatch, capsys):
    listener, file = StatsdListener(), tmp_path / "my.yml"
    file.write_text(f"""
        metrics: {{statsd: {{port: {listener.port}}}, cloudwatch: {{}},
                   prometheus_textfile: {{path: "{tmp_path}/a.prom"}},
                   prometheus_pushgateway: {{url: "{vendors.address}"}}}}
        alerts: {{pagerduty: {{routing_key_env: KEY, url: "{vendors.address}/v2/enqueue"}},
                  slack: {{webhook_url_env: SLACK}}, webhook: {{url_env: HOOK}}}}""")
    done = subprocess.run([sys.executable, ROOT / "scripts/notify.py", "--test", "--settings", file], text=True,
                          capture_output=True, env={**os.environ, **environment}, cwd="/")
    emf, *lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[1].strip()[:4] for line in lines] == ["sent"] * 7
    assert embedded_metrics(emf)[1] == {"test": 1}
    assert listener.take() == {("signup_attribution.test", "service:signup_attribution,target:test"): 1}
    trigger, resolve = vendors.bodies("/v2/enqueue")
    assert "TEST" in trigger["payload"]["summary"] and trigger["payload"]["severity"] == "info"
    assert resolve["event_action"] == "resolve" and not vendors.open_alerts
    assert "TEST" in vendors.bodies("/services/T00/B00/slack-secret")[0]["text"]
    assert vendors.bodies("/hook/webhook-path")[0]["is_test"] is True
    assert list(vendors.groups) == [(("job", "signup_attribution"), ("target", "test"))]

    for name, value in {**environment, "SLACK": f"{vendors.address}/services/wrong"}.items():
        monkeypatch.setenv(name, value)
    assert main(["--test", "--settings", str(file)]) == 1
    assert "alerts.slack of refresh.yml got no notification: it answered 404 (no_service)" in capsys.readouterr().out


def test_refreshes_tell(tmp_path, vendors, environment):
    site = Installed(DuckDB(tmp_path), tmp_path)
    site.receive(visits(4))
    settings = tmp_path / "told.yml"
    settings.write_text(f"""
        alerts:
          pagerduty: {{routing_key_env: KEY, url: "{vendors.address}/v2/enqueue"}}
          webhook: {{url_env: HOOK, when: always}}
        """)
    with site.edited("models/sessions/attribution.sql", "select * from attribution", "select no_such from attribution"):
        failed = site.refresh("--settings", str(settings), environment=environment)
    assert failed.returncode == 1 and len(failed.stderr.splitlines()) == 1
    assert vendors.open_alerts == {"failed/signup_attribution/duckdb"}
    told = vendors.bodies("/hook/webhook-path")[0]["refresh"]
    assert told["status"] == "failed" and told["error"] in failed.stderr
    assert {model["name"]: model["status"] for model in told["models"]}["attribution"] == "error"

    settings.write_text(settings.read_text() + "  slack: {webhook_url_env: NOT_THERE}")
    succeeded = site.refresh("--settings", str(settings), environment=environment)
    assert succeeded.returncode == 0 and len(succeeded.stderr.splitlines()) == 1 and "NOT_THERE" in succeeded.stderr
    assert vendors.open_alerts == set()
    told = vendors.bodies("/hook/webhook-path")[1]["refresh"]
    assert told["status"] == "success" and told["newest_message_at"].startswith("2026-03-01")
    # the two sign-ups came with the batch of the run that failed, which this one finished first
    assert {model["name"]: model["rows_inserted"] for model in told["models"]}["attribution"] == 0
    assert site.database.query("select count(*) as signups from sessions.attribution") == [{"signups": 2}]
