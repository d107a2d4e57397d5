"""refresh.yml: what it may hold, and the one sentence on what it may not."""

import re

import pytest
import yaml

from common.errors import RefreshError
from installed import ROOT
from notify import main
from notifying.settings import Settings, endpoints, make_settings, read_settings

SECRET = "0123456789abcdef0123456789abcdef"


def test_the_file_of_the_project_tells_nobody_and_its_examples_work():
    path = ROOT / "refresh.yml"
    assert read_settings(path) == Settings() and endpoints(Settings()) == {}
    switched_on = re.sub(r"^( *)# (?=[a-z_]+: )", r"\1", path.read_text(), flags=re.MULTILINE)
    examples = make_settings(yaml.safe_load(switched_on))
    assert list(endpoints(examples)) == [
        "metrics.statsd", "metrics.prometheus_textfile", "metrics.prometheus_pushgateway", "metrics.cloudwatch",
        "alerts.pagerduty", "alerts.slack", "alerts.webhook"]
    assert set(yaml.safe_load(switched_on)) == set(Settings.model_fields)
    assert examples.model_copy(update={"metrics": Settings().metrics, "alerts": Settings().alerts}) == \
        Settings(stale_after_hours=30.0)


@pytest.mark.parametrize("text, sentence", [
    ("[1]", "must name settings and their values: see the comments in refresh.yml."),
    ("metric: {}", "the file has an unknown setting, metric: did you mean metrics?"),
    ("metrics: {statds: {}}", "metrics has an unknown setting, statds: did you mean statsd?"),
    ("metrics: {statsd: {tag: true}}", "metrics.statsd has an unknown setting, tag: did you mean tags?"),
    ("1: 2", "the file has an unknown setting: known ones are service, stale_after_hours, "
             "timeout_seconds, tries, metrics, alerts."),
    ("metrics:\n  statsd:", "metrics has nothing below statsd (write {} for its defaults): correct it."),
    ("metrics: {statsd: {port: yes}}", "metrics.statsd.port must be a valid integer: correct it."),
    ("metrics: {statsd: {port: 65536}}", "metrics.statsd.port must be less than or equal to 65535: correct it."),
    ("metrics: {statsd: {tags: 'no'}}", "metrics.statsd.tags must be a valid boolean: correct it."),
    ("metrics: {prometheus_pushgateway: {}}", "metrics.prometheus_pushgateway.url is missing: add it."),
    ("metrics: {prometheus_pushgateway: {url: 'host:9091'}}",
     "metrics.prometheus_pushgateway.url must be an address such as https://host.example/path: correct it."),
    ("metrics: {prometheus_textfile: {path: a.txt}}",
     "metrics.prometheus_textfile.path must end in .prom: correct it."),
    ("stale_after_hours: soon", "stale_after_hours must be a valid number: correct it."),
    ("stale_after_hours: .nan", "stale_after_hours must be a finite number: correct it."),
    ("stale_after_hours: 0", "stale_after_hours must be greater than 0: correct it."),
    ("tries: true", "tries must be a valid integer: correct it."),
    ("service: a b", "service may have only letters, digits, _ and -: correct it."),
    ("alerts: {webhook: {url_env: X, when: never}}", "alerts.webhook.when must be 'problems' or 'always': correct it."),
])
def test_what_is_wrong_is_one_sentence(text, sentence):
    with pytest.raises(RefreshError) as caught:
        make_settings(yaml.safe_load(text))
    assert str(caught.value).removeprefix("refresh.yml").removeprefix(":").strip() == sentence
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text, words", [
    (f"alerts: {{pagerduty: {{routing_key: {SECRET}}}}}", "write routing_key_env with the name of a variable."),
    (f"alerts: {{slack: {{webhook_url: https://hooks.example/{SECRET}}}}}", "write webhook_url_env with the name"),
    (f"alerts: {{pagerduty: {{api_token: {SECRET}}}}}", "must not hold api_token: secrets come from the environment"),
    (f"alerts: {{slack: https://hooks.example/{SECRET}}}", "alerts.slack must have settings below it"),
    (f"alerts: {{https://hooks.example/{SECRET}: {{}}}}", "alerts has an unknown setting: known"),
    (f"alerts: {{pagerduty: {{routing_key_env: {SECRET}}}}}", "routing_key_env must name an environment variable"),
    (f"alerts: {{pagerduty: {{routing_key_env: R{SECRET.upper()}}}}}", "routing_key_env must hold no secret"),
    (f"metrics: {{prometheus_pushgateway: {{url: 'http://me:{SECRET}@host'}}}}", "url must hold no secret"),
    ("metrics: {prometheus_pushgateway: {url: 'http://me:abcdef01@host'}}", "without user, password and query"),
    ("metrics: {prometheus_pushgateway: {url: 'http://host?key=abcdef01'}}", "without user, password and query"),
    (f"service: {SECRET}", "service must hold no secret"),
    (f"alerts: *{SECRET}", "line 1, is not valid YAML"), ("service: 2026-99-99", "is not valid YAML"),
])
def test_secrets_in_the_file_are_refused_and_not_repeated(text, words, tmp_path, capsys):
    path = tmp_path / "my.yml"
    path.write_text(text)
    assert main(["--test", "--settings", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and words in said.err and said.err.startswith("my.yml") and said.err.count("\n") == 1
    assert not re.search("abcdef01", said.err, re.IGNORECASE)


def test_the_command_without_settings_or_endpoints(tmp_path, capsys):
    path = tmp_path / "my.yml"
    assert read_settings(path, must_exist=False) == Settings()
    assert main(["--test", "--settings", str(path)]) == 2 and "cannot be read" in capsys.readouterr().err
    path.write_bytes(b"service: \xff")
    assert main(["--test", "--settings", str(path)]) == 2 and "UTF-8" in capsys.readouterr().err
    path.write_text("metrics:\nalerts:\n")
    assert main(["--test", "--settings", str(path)]) == 2 and "names no endpoint" in capsys.readouterr().err
    assert main([]) == 2 and "--test" in capsys.readouterr().err
