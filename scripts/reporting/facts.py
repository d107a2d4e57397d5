"""What the report says, as plain rows: the answers to queries.sql. The page adds them up for the days and channel chosen.

A section without data has a sentence in `missing` that says what to do.
"""

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from common.errors import RefreshError
from database.stored_tables import NOT_YET, Tables
from explaining.facts import Common
from explaining.story import explain
from explaining.text import story_lines
from reporting.source import Source, queries

DAYS = 731  # the newest that the page has
CAMPAIGNS = 500  # those with costs, then the largest
PERSONS = 3  # of each channel
RECENT_DAYS = 30
BATCH = re.compile(rb'<meta name="signup-attribution-batch" content="(\d+)">')
USUAL_DAYS = 30  # between reports, where the last one is not known
EXAMPLES = 10  # of changes
NO_SIGNUP = "(no sign-up)"  # revenue of persons without one
# Upper ends of the bars that days and sessions up to the sign-up are counted in.
STEPS = {"days": (0, 1, 3, 7, 14, 30, 60, 90), "sessions": (1, 2, 3, 4, 5, 10, 20)}
OTHER_ZONE = ("The tables of reporting have the days of another time zone than {}: give report.py the --vars of the "
              "refresh, or refresh with report_timezone {}.")


def read_facts(tables: Tables, zone: str, model: str, with_persons: bool = False, now: datetime | None = None,
               last_batch: int | None = None) -> dict:
    """Everything that the report says. Raises RefreshError when there are no tables, or they follow another time zone.

    zone: report_timezone; model: of credit, for campaigns; with_persons: with ids and stories of some; now: a time with zone;
    last_batch: the newest batch in the last report.
    """
    source = Source(tables, zone)
    if source.missing("sessions.attribution", "sessions.all_sessions"):
        raise RefreshError(NOT_YET)
    bounds = source.rows(queries.bounds, zone, zone)[0]
    facts = {"made_at": now or datetime.now(timezone.utc), "zone": zone, "model": model, **bounds, "missing": {}, "persons": {},
             "health": health_facts(source)}
    if bounds["first_on"] is None:
        return facts
    days = Days(max(bounds["first_on"], bounds["last_on"] - timedelta(days=DAYS - 1)), bounds["last_on"])
    facts |= {
        "first_on": days.first_on, **signup_facts(source, days), "retention": [],
        "sessions": days.rows(source.rows(queries.sessions, zone), "channel", "sessions"),
        "visitors": days.rows(source.rows(queries.visitors, zone), "channel", "days_since", "visitors"),
    }
    money, retention = source.missing("reporting.performance_entries"), source.missing("reporting.signup_retention")
    facts |= {"missing": {"money": money}} if money else money_facts(source, days, model)
    facts |= {"missing": {**facts["missing"], "retention": retention}} if retention else retention_facts(source, days)
    changes = change_facts(source, last_batch)
    facts |= {**changes, "missing": {**facts["missing"], **changes.get("missing", {})}}
    if with_persons:
        facts |= person_facts(source, facts.get("currency"), facts["missing"])
    return {**facts, "texts": list(days.texts)}


class Days:
    """The days of the page. A day is written as its number, 0 for the first, and a text as its place in `texts`."""

    def __init__(self, first_on: date, last_on: date):
        self.first_on, self.last_on, self.texts = first_on, last_on, {}

    def rows(self, rows, *names) -> list[list]:
        """Day and these parts of the rows, in order; those of other days are left out."""
        found = sorted(([(row["day"] - self.first_on).days, *(row[name] for name in names)]
                        for row in rows if self.first_on <= row["day"] <= self.last_on), key=str)
        return [[self.written(value) for value in row] for row in found]

    def written(self, value):
        if isinstance(value, str):
            return self.texts.setdefault(value, len(self.texts))
        return round(value, 6) if isinstance(value, float) else value


def signup_facts(source: Source, days: Days) -> dict:
    """touches: sign-ups by first and last channel; waiting: for days and sessions, by first channel and bar, see STEPS."""
    rows = source.rows(queries.signups, source.zone)
    check_zone(source, rows)
    for row in rows:
        for measure, steps in STEPS.items():
            row[f"{measure}_step"] = sum(row[measure] > step for step in steps)
    def counted(*keys):
        return days.rows(summed(rows, "day", *keys), *keys, "signups")

    return {"touches": counted("first_channel", "last_channel"),
            "waiting": {measure: counted("first_channel", f"{measure}_step") for measure in STEPS}}


def summed(rows, *keys, of="signups") -> list[dict]:
    """The rows added up by these keys."""
    found = Counter()
    for row in rows:
        found[tuple(row[key] for key in keys)] += row[of]
    return [{**dict(zip(keys, key)), of: value} for key, value in found.items()]


def check_zone(source: Source, signups):
    """Raises RefreshError when the marts have other days than the report would have."""
    if source.missing("reporting.performance_entries"):
        return
    marts = {row["day"]: round(row["signups"]) for row in source.rows(queries.mart_days)}
    found = {row["day"]: row["signups"] for row in summed(signups, "day")}
    # When they count other sign-ups (months of messages were dropped, say), they say nothing about days.
    if found != marts and sum(found.values()) == sum(marts.values()):
        raise RefreshError(OTHER_ZONE.format(source.zone, source.zone))


def money_facts(source: Source, days: Days, model: str) -> dict:
    """Credit, costs and revenue of channels by every model, and of campaigns by one. currency: that sign-ups are in."""
    rows = source.rows(queries.channels)
    totals = defaultdict(lambda: [0, 0])  # currency -> sign-ups, cost
    for row in rows:
        totals[row["currency"]] = [old + row[name] for old, name in zip(totals[row["currency"]], ("signups", "cost"))]
    first = [row for row in rows if row["model"] == "first" and row["channel"] != NO_SIGNUP and (row["cost"] or row["revenue"])]
    campaigns = source.rows(queries.campaigns, model)
    names = ("campaign", "source", "medium", "channel", "currency")
    sizes = defaultdict(lambda: [0, 0])
    for row in campaigns:
        key = tuple(row[name] for name in names)
        sizes[key] = [old - row[name] for old, name in zip(sizes[key], ("cost", "signups"))]
    shown = set(sorted(sizes, key=lambda key: (not sizes[key][0], round(sizes[key][1], 6), sizes[key][0], key))[:CAMPAIGNS])
    return {
        "currency": max(totals, key=lambda one: (*totals[one], one), default="(none)"),
        "has": {name: any(row[name] for row in rows) for name in ("cost", "revenue")},
        "money": days.rows(first, "channel", "currency", "cost", "revenue"),
        "entries": days.rows([row for row in rows if row["signups"]], "model", "channel", "signups"),
        "campaigns": days.rows([row for row in campaigns if tuple(row[name] for name in names) in shown],
                               *names, "signups", "cost", "revenue"),
        "hidden_campaigns": len(sizes) - len(shown),
    }


def retention_facts(source: Source, days: Days) -> dict:
    """retention: of each cohort, channel and age those who signed up and those active."""
    kind = "week" if days.last_on - days.first_on <= timedelta(days=182) else "month"
    rows = sorted(source.rows(queries.retention, kind), key=lambda row: (row["cohort_start"], row["channel"], row["age"]))
    return {"retention_kind": kind,
            "retention": [[row["cohort_start"], row["channel"], row["age"], row["signups"], row["active"]] for row in rows]}


def person_facts(source: Source, currency: str | None, missing: dict) -> dict:
    """persons: channel -> dicts of alias_id, revenue and story, what explain.py says."""
    if sentence := source.missing("reporting.person_revenue", "aliasing.aliases", "sessions_stages.touches", "partitioning.app_tracks"):
        return {"missing": {**missing, "persons": sentence}}
    found, common = defaultdict(list), Common(source.tables)
    for row in sorted(source.rows(queries.persons, currency, PERSONS), key=lambda row: (row["channel"], row["place"])):
        found[row["channel"]].append({**row, "story": "\n".join(story_lines(explain(source.tables, row["alias_id"], common)))})
    return {"persons": dict(found)}


def health_facts(source: Source) -> dict:
    """Each part on its own, because readers may be allowed to see only some of it. missing: sentences about the rest."""
    log = source.missing("refresh.refresh_health", "refresh.refresh_runs")
    messages = source.missing("partitioning.partitions", "partitioning.rejected_events", "partitioning.app_tracks")
    found = {"missing": [one for one in (log, messages) if one], "health": None, "runs": [], "months": []}
    if not log:
        found |= {"health": source.rows(queries.health)[0], "runs": source.rows(queries.runs)}
        found["newest_at"] = found["health"]["newest_message_at"]
    if not messages:
        newest = source.rows(queries.newest)[0]["newest_at"]
        found |= {
            "months": source.rows(queries.months), "newest_at": newest,
            "recent": source.rows(queries.recent, newest - timedelta(days=RECENT_DAYS))[0] if newest else None,
            "rejected": sorted(source.rows(queries.rejected), key=lambda row: row["reason"]),
        }
    return found


def last_batch(page: Path) -> int | None:
    """The newest batch in a report; None when there is no report, or it does not say."""
    try:
        found = BATCH.search(page.read_bytes()[:4096])
    except OSError:
        return None
    return int(found[1]) if found else None


def change_facts(source: Source, last: int | None) -> dict:
    """What has changed since the last report: sign-ups of the months it had, why, and between which channels they moved.

    changed: what is different since batch `last`, or else a month ago; or a sentence in `missing`.
    """
    if sentence := source.missing("reporting.channel_totals_as_of", "refresh.restatements"):
        return {"missing": {"changed": sentence}}
    batches = source.rows(queries.batches)
    found = {"batch_id": batches[-1]["batch_id"] if batches else 0, "since": None, "months": [], "causes": [], "moves": []}
    if batches:
        early = [one for one in batches if one["changed_at"] <= batches[-1]["changed_at"] - timedelta(days=USUAL_DAYS)]
        known = [one for one in batches if last is not None and one["batch_id"] <= last]
        found["since"] = known[-1] if known else early[-1] if early else None
    if found["since"]:
        since = found["since"]["batch_id"]
        found["months"] = sorted(source.rows(queries.changed_months, since, since, since), key=lambda row: (-row["month"].toordinal(), row["channel"]))
        found["causes"] = sorted(source.rows(queries.causes, since), key=lambda row: (-row["facts"], row["cause"]))
        found["moves"] = sorted(source.rows(queries.moves, since), key=lambda row: (-row["signups"], str(list(row.values()))))[:EXAMPLES]
    return {"changed": found}
