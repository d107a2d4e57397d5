"""Alerts: PagerDuty, Slack, any webhook. No state is kept between refreshes.

Each endpoint has a function: its settings, the notice, the delivery; it raises NotSent.
"""

import platform
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from html import escape

import requests

from notifying.delivery import Delivery, Notice, Problem
from notifying.record import RunRecord
from notifying.settings import Pagerduty, Settings, Slack, Webhook

# Shown to people; the whole is in the log.
LONGEST_TEXT = 1000


def find_problems(record: RunRecord, settings: Settings) -> tuple[Problem, ...]:
    """What is wrong after a refresh, and what is not (or no longer) wrong.

    Of the age of the data there is no word if it is unknown, or any is allowed.
    """
    batch = f" (batch {record.batch_id})" if record.batch_id else ""
    subject = f"{settings.service}: refresh of {record.target}{batch}"
    failed = record.status != "success"
    reason = cut(record.error or "; ".join(f"{model.name}: {model.error}" for model in record.models if model.error))
    problems = [Problem("failed", failed, f"{subject} {f'failed: {reason}' if failed else 'succeeded.'}")]
    if settings.stale_after_hours is not None and record.newest_message_at is not None:
        ended = record.started_at + timedelta(seconds=record.seconds)
        age = (ended - record.newest_message_at).total_seconds() / 3600
        stale = age > settings.stale_after_hours
        problems.append(Problem("stale", stale, (
            f"{settings.service}: data of {record.target} is {'stale' if stale else 'fresh'}: its newest message is "
            f"{max(age, 0):.1f} hours old, {settings.stale_after_hours:g} are allowed.")))
    return tuple(problems)


def cut(text: str) -> str:
    """The text on one line, at most LONGEST_TEXT characters."""
    line = " ".join(text.split()) or "no reason given."
    return line if len(line) <= LONGEST_TEXT else line[:LONGEST_TEXT - 1] + "…"


def send_pagerduty(own: Pagerduty, notice: Notice, delivery: Delivery):
    """An event for each problem: trigger, or resolve. A test triggers with severity info and resolves at once.

    The key of an alert is the same each time, so repeated failures are one alert, and PagerDuty drops a resolve of
    what is not open, so no state is kept here.
    https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
    """
    routing_key = delivery.secret(own.routing_key_env)
    record = notice.record
    for problem in notice.problems:
        event = {
            "routing_key": routing_key,
            "event_action": "trigger" if problem.is_open else "resolve",
            "dedup_key": f"{problem.kind}/{delivery.settings.service}/{record.target}"[:255],
        }
        if problem.is_open:
            event["client"] = "signup_attribution"
            event["payload"] = {
                "summary": problem.summary[:1024],
                "source": platform.node() or "unknown",
                "severity": "info" if notice.is_test else own.severity,
                "timestamp": (record.started_at + timedelta(seconds=record.seconds)).isoformat(),
                "component": record.target,
                "group": delivery.settings.service,
                "class": problem.kind,
                "custom_details": details(record),
            }
        delivery.send(own.url, json=event, explain=pagerduty_reason)


def details(record: RunRecord) -> dict:
    """The most useful part of the record."""
    return {
        "batch_id": record.batch_id,
        "started_at": record.started_at.isoformat(),
        "seconds": round(record.seconds, 1),
        "newest_message_at": record.newest_message_at and record.newest_message_at.isoformat(),
        "failed_models": {model.name: cut(model.error or "") for model in record.models if model.status == "error"},
        "skipped_models": [model.name for model in record.models if model.status == "skipped"],
    }


def pagerduty_reason(response: requests.Response) -> str:
    """What PagerDuty says is wrong with an event: the field `errors` of its answer."""
    try:
        errors = response.json()["errors"]
        return "; ".join(map(str, errors))[:200] if isinstance(errors, list) else ""
    except (ValueError, KeyError, TypeError):
        return ""


def send_slack(own: Slack, notice: Notice, delivery: Delivery):
    """A message about what is wrong. There is none when it is over: unlike PagerDuty, Slack keeps no state of alerts.

    https://api.slack.com/messaging/webhooks, https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    url = delivery.secret(own.webhook_url_env)
    lines = [problem.summary for problem in notice.problems if problem.is_open]
    if lines:
        delivery.send(url, json={"text": escape("\n".join(lines), quote=False)}, explain=slack_reason)


def slack_reason(response: requests.Response) -> str:
    """Slack's short name of what is wrong, such as no_service."""
    return response.text if re.fullmatch("[a-z_]{1,40}", response.text) else ""


def send_webhook(own: Webhook, notice: Notice, delivery: Delivery):
    """The record as JSON, times in ISO 8601, with the service and what is wrong."""
    url, headers = delivery.secret(own.url_env), delivery.headers(own.authorization_env)
    problems = [{"kind": problem.kind, "summary": problem.summary} for problem in notice.problems if problem.is_open]
    if problems or own.when == "always":
        record = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(notice.record).items()}
        body = {"service": delivery.settings.service, "is_test": notice.is_test, "problems": problems, "refresh": record}
        delivery.send(url, json=body, headers=headers)
