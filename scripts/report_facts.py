"""What the report says, as plain rows and numbers: the answers to report_queries, shaped for charts and tables.

A section that cannot be told has nothing but `missing`: a sentence that says what to do.
"""

from collections import defaultdict
from datetime import datetime, timedelta, timezone

import report_queries as queries
from refresh_plan import RefreshError
from report_periods import chart_kind, compared_periods, month_ago, start_of, starts
from report_source import Source
from stored_tables import NOT_YET, Tables

SHOWN_CHANNELS = 7  # by colours that can be told apart; the others are one
CAMPAIGN_MONTHS = 12
SHOWN_CAMPAIGNS = 500  # those with costs, then the largest
RECENT_DAYS = 30
# Upper ends of the bars that days and sessions up to the sign-up are counted in.
STEPS = {"days": (0, 1, 3, 7, 14, 30, 60, 90), "sessions": (1, 2, 3, 4, 5, 10, 20)}
OTHER_ZONE = ("The tables of reporting have the days of another time zone than {}: give report.py the --vars of the "
              "refresh, or refresh with report_timezone {}.")


def read_facts(tables: Tables, zone: str, model: str, kind: str | None = None, now: datetime | None = None) -> dict:
    """Everything that the report says. Raises RefreshError when there are no tables, or they follow another time zone.

    zone: report_timezone; model: of credit, for campaigns; kind: 'month' or 'week' that is compared, by default as
    compared_periods chooses; now: a time with zone.
    """
    source = Source(tables, zone)
    if source.missing("sessions.attribution", "sessions.all_sessions"):
        raise RefreshError(NOT_YET)
    bounds = source.rows(queries.BOUNDS, zone, zone)[0]
    facts = {"made_at": now or datetime.now(timezone.utc), "zone": zone, "model": model, **bounds,
             "health": health_facts(source)}
    if bounds["first_on"] is None:
        return facts
    first_on, last_on = bounds["first_on"], bounds["last_on"]
    signups = sorted(source.rows(queries.SIGNUPS, zone), key=lambda row: tuple(row.values()))
    check_zone(source, signups)
    period, before = compared_periods(first_on, last_on, kind)
    return {
        **facts, "period": period, "before": before,
        "headline": headline_facts(source, signups, period, before),
        "over_time": over_time(signups, first_on, last_on), "touches": touch_pairs(signups),
        "campaigns": campaign_facts(source, model, last_on), "credits": credit_facts(source),
        "retention": retention_facts(source, first_on, last_on), "waiting": waiting_facts(source),
    }


def check_zone(source: Source, signups):
    """Raises RefreshError when the marts have other days than the report would have."""
    if source.missing("reporting.signup_retention"):
        return
    marts = summed(source.rows(queries.MART_WEEKS), "period_start")
    weeks = summed([{**row, "week": start_of("week", row["day"])} for row in signups], "week")
    # Of other sign-ups (months of messages were dropped, say) they say nothing about days.
    if weeks != marts and sum(weeks.values()) == sum(marts.values()):
        raise RefreshError(OTHER_ZONE.format(source.zone, source.zone))


def headline_facts(source: Source, signups, period, before) -> dict:
    """figures: dicts of name, unit, value, value of the period before (None: none), and whether less is better."""
    now, then = (figures_of(source, signups, one) if one else {} for one in (period, before))
    currency = now.pop("currency", None)
    then.pop("currency", None)
    figures = [{"name": name, "unit": unit, "value": value, "before": then.get(name, (None, None))[1],
                "currency": currency if unit == "amount" else None, "is_less_better": name == "CAC"}
               for name, (unit, value) in now.items()]
    return {"figures": figures, "missing": source.missing("reporting.channel_performance")}


def figures_of(source: Source, signups, period) -> dict:
    """Name -> unit and value in a period; `currency`: of its money."""
    activity = source.rows(queries.ACTIVITY, source.zone, period.start, period.end)[0]
    count = sum(row["signups"] for row in signups if period.start <= row["day"] < period.end)
    found = {
        "Sign-ups": ("number", count), "Visitors": ("number", activity["visitors"]),
        "Sessions": ("number", activity["sessions"]),
        "Sign-ups per visitor": ("share", quotient(count, activity["visitors"])),
    }
    if source.missing("reporting.channel_performance"):
        return found
    kind = "month" if period.kind == "all" else period.kind
    money = source.rows(queries.MONEY, kind, start_of(kind, period.start), period.end)
    # Sign-ups are in the rows of one currency; that of the costs when nobody signed up.
    main = max(money, key=lambda row: (row["signups"], row["cost"] or 0, row["currency"]), default=None)
    if main and (main["cost"] or main["revenue"]):
        found |= {"currency": main["currency"], "Cost": ("amount", main["cost"]),
                  "CAC": ("amount", quotient(main["cost"], count) or None),
                  "Revenue so far": ("amount", main["revenue"]),
                  "ROAS": ("ratio", quotient(main["revenue"], main["cost"]))}
    return found


def quotient(part, whole):
    """The quotient, or None where there is none."""
    return part / whole if whole else None


def shown_channels(counts: dict[str, float]) -> dict[str, str]:
    """Channel -> the name it has in charts: the largest have their own, the rest one together."""
    ordered = sorted(counts, key=lambda channel: (-counts[channel], channel))
    if len(ordered) <= SHOWN_CHANNELS + 1:
        return {channel: channel for channel in ordered}
    other = f"Other ({len(ordered) - SHOWN_CHANNELS})"
    return {channel: channel if place < SHOWN_CHANNELS else other for place, channel in enumerate(ordered)}


def summed(rows, *keys, of="signups") -> dict:
    """Values of the keys -> sum."""
    found = defaultdict(int)
    for row in rows:
        found[tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]] += row[of]
    return dict(found)


def over_time(signups, first_on, last_on) -> dict:
    """rows: of each day, week or month and first-touch channel the sign-ups; none is left out."""
    kind = chart_kind(first_on, last_on)
    totals = summed(signups, "first_channel")
    counts = summed([{**row, "start": start_of(kind, row["day"])} for row in signups], "start", "first_channel")
    rows = [{"start": start, "channel": channel, "signups": counts.get((start, channel), 0)}
            for start in starts(kind, first_on, last_on) for channel in shown_channels(totals)]
    return {"kind": kind, "rows": rows, "shown": shown_channels(totals), "signups": sum(totals.values())}


def touch_pairs(signups) -> dict:
    """rows: sign-ups by first and last channel; share_same: whose first and last touch have one channel."""
    rows = [{"first": first, "last": last, "signups": count}
            for (first, last), count in summed(signups, "first_channel", "last_channel").items()]
    both = defaultdict(int)
    for row in rows:
        both[row["first"]] += row["signups"]
        both[row["last"]] += row["signups"]
    same = sum(row["signups"] for row in rows if row["first"] == row["last"])
    return {"rows": rows, "shown": shown_channels(both), "share_same": quotient(same, sum(row["signups"] for row in rows))}


def campaign_facts(source: Source, model: str, last_on) -> dict:
    """rows: campaigns of the last months with their money; lacking: sources that have nothing."""
    missing = source.missing("reporting.campaign_performance", "reporting.ad_costs", "reporting.person_revenue")
    if missing:
        return {"missing": missing}
    since = month_ago(last_on, CAMPAIGN_MONTHS - 1)
    has = source.rows(queries.MONEY_ROWS)[0]
    rows = source.rows(queries.CAMPAIGNS, model, since)
    shown = sorted(rows, key=lambda row: (not row["cost"], campaign_order(row)))[:SHOWN_CAMPAIGNS]
    return {"since": since, "rows": sorted(shown, key=campaign_order), "count": len(rows), **has}


def campaign_order(row) -> tuple:
    """The largest campaign first."""
    names = [row[name] for name in ("campaign", "source", "medium", "channel", "currency")]
    return -round(row["signups"], 6), -(row["cost"] or 0), *names


def credit_facts(source: Source) -> dict:
    """rows: sign-ups of each model and channel; none is left out."""
    missing = source.missing("reporting.channel_credits")
    if missing:
        return {"missing": missing}
    rows = sorted(source.rows(queries.CREDITS), key=lambda row: (row["channel"], row["model"]))
    return {"rows": rows, "shown": shown_channels(summed(rows, "channel"))}


def retention_facts(source: Source, first_on, last_on) -> dict:
    """rows: of each channel and age (all complete cohorts together) those who signed up and those active."""
    missing = source.missing("reporting.signup_retention")
    if missing:
        return {"missing": missing}
    kind = "week" if last_on - first_on <= timedelta(days=182) else "month"
    rows = sorted(source.rows(queries.RETENTION, kind), key=lambda row: (row["channel"], row["age"]))
    return {"kind": kind, "rows": rows, "shown": shown_channels(summed([r for r in rows if r["age"] == 0], "channel"))}


def waiting_facts(source: Source) -> dict:
    """days and sessions: rows of label and sign-ups."""
    missing = source.missing("reporting.time_to_signup")
    if missing:
        return {"missing": missing}
    rows = source.rows(queries.TIME_TO_SIGNUP)
    return {measure: stepped([row for row in rows if row["measure"] == measure], steps) for measure, steps in STEPS.items()}


def stepped(rows, steps) -> list[dict]:
    """Sign-ups in as few bars as steps, and one more for what is above the last."""
    found, low = [], steps[0]
    for high in (*steps, None):
        label = f"{low}+" if high is None else str(high) if low == high else f"{low}–{high}"
        count = sum(row["signups"] for row in rows if row["value"] >= low and (high is None or row["value"] <= high))
        found.append({"label": label, "signups": count})
        low = None if high is None else high + 1
    return found


def health_facts(source: Source) -> dict:
    """Each part by itself: readers may be allowed to see some of it only. missing: sentences about the rest."""
    log = source.missing("refresh.refresh_health", "refresh.refresh_runs")
    messages = source.missing("partitioning.partitions", "partitioning.rejected_events", "partitioning.app_tracks")
    found = {"missing": [one for one in (log, messages) if one], "health": None, "runs": []}
    if not log:
        found |= {"health": source.rows(queries.HEALTH)[0], "runs": source.rows(queries.RUNS)}
    if not messages:
        newest = source.rows(queries.NEWEST)[0]["newest_at"]
        found |= {
            "months": source.rows(queries.MONTHS), "newest_at": newest,
            "recent": source.rows(queries.RECENT, newest - timedelta(days=RECENT_DAYS))[0] if newest else None,
            "rejected": sorted(source.rows(queries.REJECTED), key=lambda row: row["reason"]),
        }
    return found
