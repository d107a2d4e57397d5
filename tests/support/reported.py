"""A small site for the report: hostile names of campaigns, money, and what its numbers are by queries of the tests' own."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from reporting.words import MODELS

ZONE = "America/New_York"
MODEL = "linear"
SOURCES = ("pages", "tracks", "ad_spend", "revenue")
VARIABLES = {"report_timezone": ZONE, "sources": {name: {"schema": "segment", "table": name} for name in SOURCES}}
STARTED = datetime(2026, 3, 30, 1)  # still the day before in New York, for everybody
PERSONS = 75  # one a day, so that April and May are whole
HOSTILE = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", "\"it's\" ünïcode ☃ & co", "{{ 7 * 7 }}", "brand")
WAYS = (("google", "cpc"), ("news", "email"), ("facebook", "paid_social"), (None, None), ("partner", "referral"))
HOSTILE_ERROR = "failed: <img src=x onerror=alert(3)>"


def messages() -> dict[str, list[dict]]:
    """Visits of persons with hostile campaigns, who come again; two of three sign up; and money."""
    pages, tracks, spend, revenue = [], [], [], []
    for number in range(PERSONS):
        at = STARTED + timedelta(days=number, minutes=number)
        source, medium = WAYS[number % len(WAYS)]
        campaign = HOSTILE[number // len(WAYS) % len(HOSTILE)] if source else None
        person = {"anonymous_id": f"device {number}", "user_id": f"user {number}"}
        for visit in range(1 + number % 4):
            when = at + timedelta(days=visit * 5)
            later = (None, None, None) if visit % 2 else (source, medium, campaign)
            pages.append({**person, "id": f"page {number} {visit}", "timestamp": when,
                          "received_at": when + timedelta(seconds=2), "uuid_ts": when + timedelta(hours=number),
                          "context_campaign_source": later[0], "context_campaign_medium": later[1],
                          "context_campaign_name": later[2]})
        if number % 3:
            when += timedelta(minutes=3)
            tracks.append({**person, "id": f"up {number}", "timestamp": when, "received_at": when, "uuid_ts": when,
                           "event": "signed_up"})
            revenue.append({"user_id": person["user_id"], "paid_at": when + timedelta(days=3), "amount": 7.5 * (number % 5),
                            "currency": "USD"})
        if medium in ("cpc", "paid_social"):
            spend.append({"date": str(at.date()), "source": source, "medium": medium, "campaign": campaign,
                          "cost": 3.25 + number, "currency": "USD"})
    pages += [{"id": "nobody", "timestamp": STARTED, "received_at": STARTED},
              {"id": "ahead", "anonymous_id": "ahead", "timestamp": STARTED + timedelta(days=9), "received_at": STARTED}]
    return {"pages": pages, "tracks": tracks, "ad_spend": spend, "revenue": revenue}


def refreshed(engine):
    """The engine's database with these messages, and a refresh that failed in the log."""
    engine.reset()
    engine.receive(messages())
    engine.refresh(VARIABLES, reporting=True)
    engine.database.execute(
        "insert into refresh.refresh_runs (batch_id, status, started_at, finished_at, seconds, error) "
        f"values (null, 'failed', timestamp '2026-06-30 12:00:00', timestamp '2026-06-30 12:01:00', 60, '{HOSTILE_ERROR}')")
    return engine


def local_day(value: datetime) -> date:
    return value.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(ZONE)).date()


@dataclass(frozen=True)
class Choice:
    """What a reader of the page chose: days from `start` to before `end`, and a channel, None for all."""

    start: date
    end: date
    channel: str | None = None

    def has(self, day: date, channel=None) -> bool:
        return self.start <= day < self.end and (self.channel is None or channel == self.channel)


def expected_tables(database, choice: Choice) -> dict[str, list[tuple]]:
    """Name of a table of the page -> its rows, by queries of this test's own."""
    def channel(row, touch):
        return row[f"{touch}_touch_channel"] or "(unattributed)"

    signups = [row for row in database.fetch("sessions.attribution")
               if choice.has(local_day(row["signup_timestamp"]), channel(row, "first"))]
    by_start, pairs, days, sessions = Counter(), Counter(), Counter(), Counter()
    length = (choice.end - choice.start).days
    for row in signups:
        day = local_day(row["signup_timestamp"])
        start = day if length <= 31 else day - timedelta(days=day.weekday())
        by_start[f"{start.day} {start:%b %Y}", channel(row, "first")] += 1
        pairs[channel(row, "first"), channel(row, "last")] += 1
        days[row["days_to_signup"] // 1] += 1
        sessions[row["session_count_before_signup"] + 1] += 1
    active, cohorts = Counter(), Counter()
    for row in database.query("select * from reporting.signup_retention where cohort_type = 'week' and is_complete"):
        if choice.channel in (None, row["channel"]):
            key = f"{row['cohort_start'].day} {row['cohort_start']:%b %Y}", row["age"]
            active[key] += row["active_count"]
            cohorts[key] += row["signup_count"]
    credits = defaultdict(Counter)
    for row in database.fetch("reporting.touch_credits"):
        if choice.has(local_day(row["signup_timestamp"]), row["channel"]):
            credits[row["channel"]][row["model"]] += row["credit"]
    months = database.query("select month, row_count, newest_batch_id from partitioning.partitions")
    return {
        "over-time": [(*key, count) for key, count in by_start.items()],
        "touches": [(*key, count) for key, count in pairs.items()],
        "credits": [(name, *(by_model[model] for model in MODELS)) for name, by_model in credits.items()],
        "retention": [(start, age, cohorts[start, age], count, 100 * count / cohorts[start, age])
                      for (start, age), count in active.items()],
        "days": in_bars(days, (0, 1, 3, 7, 14, 30, 60, 90)), "sessions": in_bars(sessions, (1, 2, 3, 4, 5, 10, 20)),
        "months": [(f"{row['month']:%b %Y}", row["row_count"], row["newest_batch_id"]) for row in months],
        "channels": [(name, *values.values()) for name in all_channels(database)
                     if any((values := exact_figures(database, Choice(choice.start, choice.end, name))).values())
                     and choice.channel in (None, name)],
    }


def all_channels(database) -> set[str]:
    return {row["channel"] for row in database.query(
        "select channel from sessions.all_sessions union select channel from reporting.performance_entries")}


def in_bars(counts, ends):
    """Labels and sums of bars that end there."""
    found, low = [], ends[0]
    for high in ends:
        found.append((str(low) if low == high else f"{low}–{high}", sum(n for value, n in counts.items() if low <= value <= high)))
        low = high + 1
    return [*found, (f"{low}+", sum(count for value, count in counts.items() if value >= low))]


def exact_figures(site, choice: Choice) -> dict[str, float]:
    """The headline of what was chosen."""
    visits = [row for row in site.fetch("sessions.all_sessions") if choice.has(local_day(row["session_start"]), row["channel"])]
    signed_up = {row["alias_id"] for row in site.fetch("sessions.attribution")
                 if choice.has(local_day(row["signup_timestamp"]), row["first_touch_channel"] or "(unattributed)")}
    visitors = len({row["alias_id"] for row in visits})
    cost = sum(row["cost"] for row in site.fetch("reporting.ad_costs") if choice.has(row["spent_on"], row["channel"]))
    revenue = sum(row["revenue"] for row in site.fetch("reporting.person_revenue") if row["alias_id"] in signed_up)
    return {"Sign-ups": len(signed_up), "Visitors": visitors, "Sessions": len(visits),
            "Sign-ups per visitor": 100 * len(signed_up) / visitors if visitors else None, "Cost": cost,
            "CAC": cost / len(signed_up) if cost and signed_up else None,
            "Revenue so far": revenue, "ROAS": revenue / cost if cost else None}


def figures(site, choice: Choice) -> dict[str, float]:
    """The same as tiles show it."""
    return {name: round(value) if name in ("Cost", "Revenue so far") and value >= 1000 else value
            for name, value in exact_figures(site, choice).items()}


def campaigns(database, choice: Choice) -> dict[tuple, list]:
    """Campaign, source, medium and channel -> sign-ups, cost, CAC, LTV, revenue, ROAS."""
    sums, found = defaultdict(lambda: [0.0, 0.0, 0.0]), {}
    for row in database.query(f"select * from reporting.performance_entries where model = '{MODEL}'"):
        if choice.has(row["happened_on"], row["channel"]):
            key = (row["campaign"], row["source"], row["medium"], row["channel"])
            sums[key] = [old + float(row[name] or 0) for old, name in zip(sums[key], ("signups", "cost", "revenue"))]
    for key, (signups, cost, revenue) in sums.items():
        found[key] = [signups, cost, cost / signups if cost and signups else None, revenue / signups if signups else None,
                      revenue, revenue / cost if cost else None]
    return found
