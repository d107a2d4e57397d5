"""Reports a refresh to others: figures to metrics stores, alerts to people."""

import os
import threading
import time
from datetime import UTC, datetime

from notifying.alerts import find_problems, send_pagerduty, send_slack, send_webhook
from notifying.delivery import Delivery, NotSent, Notice, Problem
from notifying.metrics import (
    Measurement, measure, send_cloudwatch, send_prometheus_pushgateway, send_prometheus_textfile, send_statsd,
)
from notifying.record import RunRecord
from notifying.settings import Settings, endpoints

SENDERS = {
    "metrics.statsd": send_statsd, "metrics.prometheus_textfile": send_prometheus_textfile,
    "metrics.prometheus_pushgateway": send_prometheus_pushgateway, "metrics.cloudwatch": send_cloudwatch,
    "alerts.pagerduty": send_pagerduty, "alerts.slack": send_slack, "alerts.webhook": send_webhook,
}


def announce(record: RunRecord, settings: Settings, environment=os.environ) -> list[str]:
    """Notify every endpoint of a refresh; one sentence for each that failed.

    Raises nothing but KeyboardInterrupt. A refresh that failed is to be announced when no retry is left.
    environment: variable -> value, with the secrets.
    """
    try:
        notice = Notice(record, measure(record), find_problems(record, settings))
        return [sentence for sentence in deliver(notice, settings, environment).values() if sentence]
    except Exception as error:
        return [f"Nobody was notified of this refresh: its record cannot be read ({type(error).__name__})."]


def announce_test(settings: Settings, environment=os.environ) -> dict[str, str | None]:
    """Send a test to every endpoint: name of the endpoint -> None if it worked, else one sentence."""
    now = datetime.now(UTC)
    summary = f"{settings.service}: this is a TEST of alerts, nothing is wrong."
    figures = (Measurement("test", 1), Measurement("test_timestamp_seconds", round(now.timestamp(), 3)))
    problems = Problem("test", True, summary), Problem("test", False, summary)
    notice = Notice(RunRecord(None, "test", "success", now, 0.0, ()), figures, problems, is_test=True)
    return deliver(notice, settings, environment)


def deliver(notice: Notice, settings: Settings, environment) -> dict[str, str | None]:
    """Notify all endpoints in parallel: name -> None, or one sentence on why that failed."""
    delivery = Delivery(settings, environment)
    # For what libraries' time-outs do not cover, such as resolving a host name, or a network drive that hangs.
    patience = settings.tries * 2 * settings.timeout_seconds + 1
    late = f"nothing happened within {patience:g} seconds: look at its host and the network"
    reasons = dict.fromkeys(endpoints(settings), late)

    def tell(name, own):
        try:
            SENDERS[name](own, notice, delivery)
            reasons[name] = None
        except NotSent as error:
            reasons[name] = str(error)
        except OSError as error:
            reasons[name] = f"{error.strerror or type(error).__name__}: correct its settings"
        except Exception as error:
            # Its text may hold a secret.
            reasons[name] = f"{type(error).__name__}: correct its settings"

    threads = [threading.Thread(target=tell, args=endpoint, daemon=True) for endpoint in endpoints(settings).items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return {name: reason and delivery.hide(f"{name} of refresh.yml got no notification: {reason}.")
            for name, reason in reasons.items()}
