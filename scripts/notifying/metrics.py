"""Figures of a refresh for StatsD, Prometheus and CloudWatch.

Each endpoint has a function: its settings, the notice, the delivery; it raises NotSent, or OSError for a file.
"""

import json
import logging
import re
import socket
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

from prometheus_client import pushadd_to_gateway, write_to_textfile
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from common.project import ROOT
from notifying.delivery import Delivery, NotSent, Notice
from notifying.record import RunRecord
from notifying.settings import Cloudwatch, PrometheusPushgateway, PrometheusTextfile, Statsd

PREFIX = "signup_attribution"
# Name of each figure -> its description. Ages are for stores that record when they got a figure; points in time (Unix time) are for
# Prometheus, which keeps reading the last one.
FIGURES = {
    "refresh_success": "Whether the refresh succeeded: 1 or 0.",
    "refresh_duration_seconds": "Duration of the refresh.",
    "refresh_last_success_timestamp_seconds": "End of the last successful refresh.",
    "newest_message_age_seconds": "Age of the newest stored message at the end of the refresh.",
    "newest_message_timestamp_seconds": "Time of the newest stored message.",
    "model_success": "Whether the model was built: 1 or 0.",
    "model_duration_seconds": "Duration of the model, all attempts together.",
    "model_attempts": "Number of attempts; 0 if the model was skipped.",
    "model_rows_read": "Rows that the model read.",
    "model_rows_inserted": "Rows that the model inserted.",
    "model_rows_deleted": "Rows that the model deleted.",
    "test": "A test of this endpoint by scripts/notify.py --test.",
    "test_timestamp_seconds": "Time of this endpoint's test.",
}


@dataclass(frozen=True)
class Measurement:
    """One figure: a name of FIGURES, its value, and the model it is of (None: of the whole refresh)."""

    name: str
    value: float
    model: str | None = None


def measure(record: RunRecord) -> tuple[Measurement, ...]:
    """The figures of a refresh, without unknown ones."""
    ended = record.started_at + timedelta(seconds=record.seconds)
    is_success, newest = record.status == "success", record.newest_message_at
    figures = {None: {
        "refresh_success": int(is_success), "refresh_duration_seconds": record.seconds,
        "refresh_last_success_timestamp_seconds": ended.timestamp() if is_success else None,
        # A message's clock may be ahead of ours.
        "newest_message_age_seconds": newest and max((ended - newest).total_seconds(), 0),
        "newest_message_timestamp_seconds": newest and newest.timestamp(),
    }}
    for model in record.models:
        figures[model.name] = {
            "model_success": int(model.status == "success"), "model_duration_seconds": model.seconds,
            "model_attempts": model.attempts, "model_rows_read": model.rows_read,
            "model_rows_inserted": model.rows_inserted, "model_rows_deleted": model.rows_deleted,
        }
    return tuple(
        Measurement(name, round(value, 3), model)
        for model, values in figures.items() for name, value in values.items() if value is not None)


def passing(notice: Notice) -> list[Measurement]:
    """The figures for stores that record when they got them."""
    return [figure for figure in notice.measurements if not figure.name.endswith("_timestamp_seconds")]


def send_statsd(own: Statsd, notice: Notice, delivery: Delivery):
    """Gauges over UDP. With tags in DogStatsD's format, else everything is in the name: service.target.model.figure.

    UDP does not tell whether a datagram arrived, only, on the same host, that nobody listens.
    https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
    """
    from datadog.dogstatsd import DogStatsd  # takes long to import

    logging.getLogger("datadog").setLevel(logging.CRITICAL)  # lost datagrams are reported below
    service, target = delivery.settings.service, notice.record.target
    # With telemetry it counts what it could not send; the interval keeps it from sending that count as well.
    client = DogStatsd(own.host, own.port, disable_buffering=True, disable_aggregation=True,
                       origin_detection_enabled=False, telemetry_min_flush_interval=24 * 3600)
    if not own.tags:
        client.constant_tags = []  # those of Datadog's environment variables
    client.socket_timeout = delivery.settings.timeout_seconds
    channel = client.get_socket()  # fails if the host has no address; sending would hide that
    figures = passing(notice)
    for figure in figures:
        if own.tags:
            tags = [f"service:{service}", f"target:{target}", *([f"model:{figure.model}"] if figure.model else [])]
            client.gauge(f"{PREFIX}.{figure.name}", figure.value, tags=tags)
        else:
            parts = [service, target, *([figure.model] if figure.model else []), figure.name]
            client.gauge(".".join(re.sub(r"[^A-Za-z0-9_-]", "_", part) for part in parts), figure.value)
    refused = channel.fileno() < 0 or channel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    client.close_socket()
    if refused or client.packets_dropped:
        raise NotSent("it does not take all datagrams: look at its host and port")


def collected(notice: Notice, service: str, kept=()):
    """A collector, as prometheus_client calls it, of the figures; `kept` are families of an earlier text."""
    families = {family.name: family for family in kept}
    for figure in notice.measurements:
        if figure.name.endswith("_age_seconds"):
            continue
        name = f"{PREFIX}_{figure.name}"
        family = families.setdefault(name, Metric(name, FIGURES[figure.name], "gauge"))
        labels = {"service": service, "target": notice.record.target}
        family.add_sample(name, {**labels, **({"model": figure.model} if figure.model else {})}, figure.value)
    return SimpleNamespace(collect=families.values)


def send_prometheus_textfile(own: PrometheusTextfile, notice: Notice, delivery: Delivery):
    """A file for the textfile collector, replaced at once. A test writes another file beside it and removes that.

    Like a Pushgateway it keeps what this refresh says nothing of: other services and targets, the last success.
    https://github.com/prometheus/node_exporter#textfile-collector
    """
    path = ROOT / own.path
    service, target = delivery.settings.service, notice.record.target
    if notice.is_test:
        # The collector does not read this name.
        test = path.with_name(f"{path.name}.test")
        write_to_textfile(str(test), collected(notice, service))
        test.unlink()
        return
    told = {(f"{PREFIX}_{figure.name}", service, target) for figure in notice.measurements}
    try:
        kept = list(text_string_to_metric_families(path.read_text(encoding="utf-8"))) if path.exists() else []
    except ValueError:
        raise NotSent(f"{path} is not a metrics file: move it away") from None
    for family in kept:
        family.samples = [
            sample for sample in family.samples
            if (sample.name, sample.labels.get("service"), sample.labels.get("target")) not in told]
    write_to_textfile(str(path), collected(notice, service, [family for family in kept if family.samples]))


def send_prometheus_pushgateway(own: PrometheusPushgateway, notice: Notice, delivery: Delivery):
    """A POST to a Pushgateway: it replaces only the figures it names, so the last success stays after a failure.

    https://github.com/prometheus/pushgateway#post-method
    """
    authorization = delivery.headers(own.authorization_env)

    def handler(url, method, timeout, headers, data):
        return lambda: delivery.send(url, method=method, data=data, headers={**dict(headers), **authorization})

    service = delivery.settings.service
    pushadd_to_gateway(own.url, job=service, registry=collected(notice, service),
                       grouping_key={"target": notice.record.target}, handler=handler)


def send_cloudwatch(own: Cloudwatch, notice: Notice, delivery: Delivery):
    """Lines in the Embedded Metric Format on stdout: one of the refresh, one of each model, since a line has one value
    for each dimension.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    record, figures = notice.record, passing(notice)
    ended = record.started_at + timedelta(seconds=record.seconds)
    lines = []
    for model in dict.fromkeys(figure.model for figure in figures):
        dimensions = {"service": delivery.settings.service, "target": record.target}
        dimensions |= {"model": model} if model else {}
        values = {figure.name: figure.value for figure in figures if figure.model == model}
        metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("_seconds") else "Count"} for name in values]
        directive = {"Namespace": own.namespace, "Dimensions": [list(dimensions)], "Metrics": metrics}
        lines.append({
            "_aws": {"Timestamp": int(ended.timestamp() * 1000), "CloudWatchMetrics": [directive]},
            **dimensions, **values, "batch_id": record.batch_id})
    print("\n".join(json.dumps(line) for line in lines), flush=True)
