"""Whether the tables are up to date, according to the view refresh.refresh_health."""

import math
from datetime import datetime, timedelta

from common.errors import RefreshError
from common.plan import read_duration
from common.project import Profile
from database.errors import first_line
from database.stored_tables import stored_tables

COLUMNS = (
    "last_success_at", "newest_message_lag_seconds", "last_duration_seconds", "median_duration_seconds", "last_error", "last_status")
FAILURES = ("failed", "died", "interrupted")
WHAT_TO_DO = "run scripts/refresh.py and do what its message says."
NOT_YET = "No refresh has finished yet: run scripts/refresh.py."


def read_health(target: str | None, profile: Profile) -> dict:
    """The one row of the view, column -> value; times are UTC. Raises RefreshError when there is none.

    On DuckDB that of the readers' file if there is one, because refreshes keep the other file open.
    """
    with stored_tables(target, "signup_attribution health", published="first", profile=profile, not_yet=NOT_YET) as tables:
        found = tables.rows(f"select {', '.join(COLUMNS)} from {{refresh}}.refresh_health")
    if not found or found[0]["last_status"] is None:
        raise RefreshError(NOT_YET)
    return found[0]


def problem(health: dict, now: datetime, max_age: timedelta, max_lag: timedelta | None) -> str | None:
    """What is wrong, as a sentence, or None. now: UTC without zone; max_lag: None for any."""
    succeeded, status = health["last_success_at"], health["last_status"]
    ended = f"{status}: {first_line(health['last_error'])}" if status in FAILURES and health["last_error"] else status
    if succeeded is None:
        return f"No refresh has succeeded yet (the last one: {ended}): {WHAT_TO_DO}"
    if now - succeeded > max_age:
        return f"The last success was {age(now - succeeded)} ago, more than {age(max_age)}: {WHAT_TO_DO}"
    if status in FAILURES:
        return f"The last refresh did not succeed ({ended}): {WHAT_TO_DO}"
    lag = health["newest_message_lag_seconds"]
    if max_lag is not None and (lag is None or timedelta(seconds=lag) > max_lag):
        known = "unknown" if lag is None else age(timedelta(seconds=lag))
        return f"The newest message is too old ({known}, more than {age(max_lag)}): look at what loads the sources."
    return None


def summary(health: dict, now: datetime) -> str:
    """What is right, as a sentence."""
    lag, last, median = (health[name] for name in (
        "newest_message_lag_seconds", "last_duration_seconds", "median_duration_seconds"))
    parts = [f"The last refresh succeeded {age(now - health['last_success_at'])} ago"]
    if last is not None:
        parts.append(f"took {last:.0f} s" + (f" (usually {median:.0f} s)" if median is not None else ""))
    newest = "" if lag is None else f"; the newest message is {age(timedelta(seconds=lag))} old"
    return ", ".join(parts) + newest + "."


def age(span: timedelta) -> str:
    """A span of time in hours, above two days in days, to a tenth."""
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if hours <= 48 else f"{hours / 24:.1f} days"


def read_span(text: str, option: str) -> timedelta:
    """A duration such as 26h or 2d; a bare number means hours. Raises RefreshError."""
    seconds = read_duration(f"{text}h" if text.strip().isdigit() else text, option)
    if not 0 < seconds < math.inf:
        raise RefreshError(f"{option} must be a time above 0 such as 26h, not '{text}': correct it.")
    return timedelta(seconds=seconds)
