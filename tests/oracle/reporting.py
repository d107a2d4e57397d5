"""The tables of the folder reporting by brute force, from the published tables as the oracle has them."""

from collections import Counter, defaultdict
from datetime import datetime
from statistics import mean, median

from .credits import NOBODY, Options, Signups, channel_credit_rows, credit_rows, path_rows, removal_effects
from .money import performance_rows, reported_rows
from .periods import PERIODS, day_of, periods_between, start_of

__all__ = ["KEYS", "Options", "compute_reporting"]

KEYS = {
    "touch_credits": ("alias_id", "touch_number", "model"),
    "person_paths": ("alias_id",),
    "removal_effects": ("channel",),
    "channel_credits": ("model", "channel"),
    "campaign_performance": ("period_type", "period_start", "model", "channel", "source", "medium", "campaign", "currency"),
    "channel_performance": ("period_type", "period_start", "model", "channel", "currency"),
    "signup_retention": ("cohort_type", "cohort_start", "channel", "age"),
    "reported_vs_attributed": ("reported_as", "channel"),
    "journeys": ("path",),
    "time_to_signup": ("channel", "measure", "value"),
}


def journey_rows(paths, signups):
    """journeys."""
    found = defaultdict(list)
    for row in paths:
        if row["has_signup"]:
            found[" > ".join(row["path"])].append((row["touch_count"], signups.rows[row["alias_id"]]["days_to_signup"]))
    return [{"path": path, "signup_count": len(those), "share_of_signups": len(those) / len(signups.rows),
             "average_touch_count": mean(touches for touches, _ in those), "average_days": mean(days for _, days in those),
             "median_days": median(days for _, days in those)} for path, those in found.items()]


def time_rows(signups):
    """time_to_signup."""
    counted = defaultdict(Counter)
    for row in signups.rows.values():
        channel = row["first_touch_channel"] or NOBODY
        counted[channel, "days"][int(row["days_to_signup"])] += 1
        counted[channel, "sessions"][row["session_count_before_signup"] + 1] += 1
    return [{"channel": channel, "measure": measure, "value": value, "signup_count": count,
             "share_of_signups": count / values.total(),
             "cumulative_share": sum(c for v, c in values.items() if v <= value) / values.total()}
            for (channel, measure), values in counted.items() for value, count in values.items()]


def retention_rows(signups, sessions, newest: datetime, zone: str):
    """signup_retention."""
    own = defaultdict(list)
    for session in sessions:
        own[session["alias_id"]].append(session)
    rows = []
    for period in PERIODS:
        cohorts = defaultdict(list)
        for alias_id, row in signups.rows.items():
            start = start_of(period, day_of(row["signup_timestamp"], zone))
            cohorts[start, row["first_touch_channel"] or NOBODY].append(alias_id)
        last = start_of(period, day_of(newest, zone))
        for (start, channel), members in cohorts.items():
            ages = Counter()
            for alias_id in members:
                at = signups.rows[alias_id]["signup_timestamp"]
                ages.update({periods_between(period, start, start_of(period, day_of(max(at, session["session_start"]), zone)))
                             for session in own[alias_id] if session["session_end"] >= at})
            for age in range(periods_between(period, start, last) + 1):
                rows.append({
                    "cohort_type": period, "cohort_start": start, "channel": channel, "age": age, "signup_count": len(members),
                    "active_count": ages[age], "active_share": ages[age] / len(members),
                    "is_complete": age < periods_between(period, start, last)})
    return rows


def compute_reporting(tables, settings, options, business, rules):
    """Table -> rows. business: rows by source (ad_spend, revenue, subscriptions, survey); rules: rows of survey_answers."""
    signups = Signups(tables, settings)
    newest = max(message["occurred_at"] for message in tables["app_tracks"])
    effects = removal_effects(signups)
    credits, paths = credit_rows(signups, settings, options, effects), path_rows(signups)
    return {
        "touch_credits": credits,
        "person_paths": paths,
        "removal_effects": [{"channel": channel, "removal_effect": effect} for channel, effect in effects.items()],
        "channel_credits": channel_credit_rows(credits, effects, signups),
        "journeys": journey_rows(paths, signups),
        "time_to_signup": time_rows(signups),
        "signup_retention": retention_rows(signups, tables["all_sessions"], newest, options.report_timezone),
        "reported_vs_attributed": reported_rows(tables, signups, business, rules),
        **performance_rows(tables, signups, credits, business, options, newest),
    }
