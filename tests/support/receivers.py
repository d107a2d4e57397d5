"""Receivers of metrics and alerts on loopback, which check what they get as the vendors say they do."""

import json
import re
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

TEXT = {"type": "string", "minLength": 1}
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$"
# https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and the OpenAPI description of it,
# https://github.com/PagerDuty/api-schema/blob/main/reference/events-v2/openapiv3.json; limits are those of the text.
PAGERDUTY = {
    "type": "object",
    "required": ["routing_key", "event_action"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {**TEXT, "maxLength": 255},
        "client": TEXT,
        "client_url": TEXT,
        "links": {"type": "array"},
        "images": {"type": "array"},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {**TEXT, "maxLength": 1024},
                "source": TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": MOMENT},
                "component": TEXT, "group": TEXT, "class": TEXT,
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}
# https://api.slack.com/messaging/webhooks (no_text is its error without a text), the
# limit from https://docs.slack.dev/reference/methods/chat.postMessage/, control characters from
# https://docs.slack.dev/messaging/formatting-message-text#escaping
SLACK = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {
        "text": {**TEXT, "maxLength": 40_000, "pattern": r"^([^&<>]|&(amp|lt|gt);)*$"},
        "blocks": {"type": "array", "maxItems": 50}, "attachments": {"type": "array"},
        "thread_ts": TEXT, "mrkdwn": {"type": "boolean"},
    },
}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
NAME = {**TEXT, "maxLength": 255}
EMBEDDED_METRICS = {
    "type": "object",
    "required": ["_aws"],
    "properties": {"_aws": {
        "type": "object",
        "required": ["Timestamp", "CloudWatchMetrics"],
        "properties": {
            "Timestamp": {"type": "integer", "minimum": 10**12},
            "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["Namespace", "Dimensions", "Metrics"],
                "additionalProperties": False,
                "properties": {
                    "Namespace": NAME,
                    "Dimensions": {"type": "array", "minItems": 1, "items": {
                        "type": "array", "maxItems": 30, "items": NAME}},
                    "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
                        "type": "object",
                        "required": ["Name"],
                        "additionalProperties": False,
                        "properties": {"Name": NAME, "Unit": {"enum": ["Seconds", "Count", "None"]},
                                       "StorageResolution": {"enum": [1, 60]}},
                    }},
                },
            }},
        },
    }},
}


def problems_of(body, schema) -> list[str]:
    """What is wrong with a body by a schema."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]


def embedded_metrics(line: str) -> tuple[dict, dict]:
    """Dimensions and figures that CloudWatch would take from a line. Raises AssertionError for a wrong one."""
    assert len(line.encode()) <= 256 * 1024
    body = json.loads(line)
    assert problems_of(body, EMBEDDED_METRICS) == []
    (directive,) = body["_aws"]["CloudWatchMetrics"]
    (dimensions,) = directive["Dimensions"]
    found = {name: body[name] for name in dimensions}
    figures = {metric["Name"]: body[metric["Name"]] for metric in directive["Metrics"]}
    assert all(isinstance(value, str) and 0 < len(value) <= 1024 for value in found.values())
    assert all(isinstance(value, int | float) and not isinstance(value, bool) for value in figures.values())
    return found, figures


class Vendors(ThreadingHTTPServer):
    """PagerDuty, Slack, a webhook and a Pushgateway on one port, and paths that fail.

    received: (path, headers, body) of each request; open_alerts: keys of the alerts that PagerDuty has open;
    groups: path -> sample name -> samples that the Pushgateway holds; failures: requests to fail with 500 at first.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.received, self.open_alerts, self.groups, self.failures = [], set(), {}, 0
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def bodies(self, path) -> list[dict]:
        """What came to a path as JSON."""
        return [json.loads(body) for received, _, body in self.received if received == path]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        self.server.received.append((self.path, dict(self.headers), body))
        if self.server.failures:
            self.server.failures -= 1
            return self.answer(500, self.path + body)  # as a careless server repeats what it got
        if self.path.startswith("/metrics/"):
            return self.answer(*self.pushgateway(body))
        vendor = self.path.split("/")[1]
        return self.answer(*getattr(self, vendor)(body))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Location", "/hook")
        self.end_headers()
        try:
            self.wfile.write(text.encode())
        except OSError as error:
            assert self.path == "/slow", error  # its sender has gone by now

    def v2(self, body):
        event = json.loads(body)
        problems = problems_of(event, PAGERDUTY)
        if problems:
            return 400, json.dumps({"status": "invalid event", "message": "Event is invalid", "errors": problems})
        change = self.server.open_alerts.add if event["event_action"] == "trigger" else self.server.open_alerts.discard
        change(event["dedup_key"])
        return 202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]})

    def services(self, body):
        assert self.headers["Content-Type"] == "application/json"
        if self.path != "/services/T00/B00/slack-secret":
            return 404, "no_service"
        return (400, "invalid_payload") if problems_of(json.loads(body), SLACK) else (200, "ok")

    def pushgateway(self, body):
        """As documented for POST: it replaces the figures of the group with these names, and no other."""
        if self.headers["Content-Type"] is None or "text/plain; version=0.0.4" not in self.headers["Content-Type"]:
            return 415, ""
        _, _, job, *pairs = [unquote(part) for part in self.path.split("/")[1:]]
        labels = {"job": job, **dict(zip(pairs[::2], pairs[1::2], strict=True))}
        group = self.server.groups.setdefault(tuple(labels.items()), {})
        for family in text_string_to_metric_families(body):
            group[family.name] = {sample.labels.get("model"): sample.value for sample in family.samples}
            if any(sample.labels["target"] != labels["target"] for sample in family.samples):
                return 400, "labels do not fit the group"
        return 200, ""

    def hook(self, body):
        json.loads(body)
        return 204, ""

    def slow(self, body):
        time.sleep(0.6)
        return 200, ""

    def moved(self, body):
        return 302, ""

    def log_message(self, *arguments):
        """Nothing: standard error is watched."""


class StatsdListener:
    """A StatsD server: takes datagrams, knows the format.

    https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/ and https://github.com/statsd/statsd#usage
    """

    GAUGE = re.compile(r"(?P<name>[A-Za-z0-9_.-]+):(?P<value>\d+(\.\d+)?)\|g"
                       r"(\|#(?P<tags>[a-z_]+:[^,|]+(,[a-z_]+:[^,|]+)*))?")

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.port = self.socket.getsockname()[1]

    def take(self) -> dict:
        """(name, tags or None) -> value of all gauges that came. Raises AssertionError for other datagrams."""
        found = {}
        while True:
            try:
                datagram = self.socket.recv(65535).decode()
            except TimeoutError:
                return found
            for line in datagram.splitlines():
                gauge = self.GAUGE.fullmatch(line)
                assert gauge, line
                found[gauge["name"], gauge["tags"]] = float(gauge["value"])
