"""A small site for the report: hostile names of campaigns, money, and what its numbers are by queries of the tests' own."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from report_words import MODELS

ZONE = "America/New_York"
MODEL = "linear"
SOURCES = ("pages", "tracks", "ad_spend", "revenue")
VARIABLES = {"report_timezone": ZONE, "sources": {name: {"schema": "segment", "table": name} for name in SOURCES}}
STARTED = datetime(2026, 3, 30, 1)  # in New York it is the day before still, as it is for everybody
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


def expected_tables(database) -> dict[str, list[tuple]]:
    """Name of a table of the page -> its rows, by queries of this test's own."""
    signups = database.fetch("sessions.attribution")

    def channel(row, touch):
        return row[f"{touch}_touch_channel"] or "(unattributed)"

    weeks, pairs, days, sessions = Counter(), Counter(), Counter(), Counter()
    for row in signups:
        day = local_day(row["signup_timestamp"])
        monday = day - timedelta(days=day.weekday())
        weeks[f"{monday.day} {monday:%b %Y}", channel(row, "first")] += 1
        pairs[channel(row, "first"), channel(row, "last")] += 1
        days[row["days_to_signup"] // 1] += 1
        sessions[row["session_count_before_signup"] + 1] += 1
    active, cohorts = Counter(), Counter()
    for row in database.query("select * from reporting.signup_retention where cohort_type = 'week' and is_complete"):
        for name in ("All sign-ups", row["channel"]):
            active[name, row["age"]] += row["active_count"]
            cohorts[name, row["age"]] += row["signup_count"]
    credits = defaultdict(dict)
    for row in database.fetch("reporting.channel_credits"):
        credits[row["channel"]][row["model"]] = row["signups"]
    months = database.query("select month, row_count, newest_batch_id from partitioning.partitions")
    return {
        "over-time": [(*key, count) for key, count in weeks.items()],
        "touches": [(*key, count) for key, count in pairs.items()],
        "credits": [(name, *(by_model.get(model, 0) for model in MODELS)) for name, by_model in credits.items()],
        "retention": [(name, age, cohorts[name, age], count, 100 * count / cohorts[name, age])
                      for (name, age), count in active.items()],
        "days": in_bars(days, (0, 1, 3, 7, 14, 30, 60, 90)), "sessions": in_bars(sessions, (1, 2, 3, 4, 5, 10, 20)),
        "months": [(f"{row['month']:%b %Y}", row["row_count"], row["newest_batch_id"]) for row in months],
    }


def in_bars(counts, ends):
    """Labels and sums of bars that end there."""
    found, low = [], ends[0]
    for high in ends:
        found.append((str(low) if low == high else f"{low}–{high}", sum(n for value, n in counts.items() if low <= value <= high)))
        low = high + 1
    return [*found, (f"{low}+", sum(count for value, count in counts.items() if value >= low))]


def figures(site, month: int) -> dict[str, float]:
    """The headline of a month of 2026."""
    def within(value):
        return (value.year, value.month) == (2026, month)

    visits = [row for row in site.fetch("sessions.all_sessions") if within(local_day(row["session_start"]))]
    signed_up = {row["alias_id"] for row in site.fetch("sessions.attribution") if within(local_day(row["signup_timestamp"]))}
    visitors = len({row["alias_id"] for row in visits})
    cost = sum(row["cost"] for row in site.fetch("reporting.ad_costs") if within(row["spent_on"]))
    revenue = sum(row["revenue"] for row in site.fetch("reporting.person_revenue") if row["alias_id"] in signed_up)
    shown = {"Sign-ups": len(signed_up), "Visitors": visitors, "Sessions": len(visits),
             "Sign-ups per visitor": 100 * len(signed_up) / visitors, "Cost": cost, "CAC": cost / len(signed_up),
             "Revenue so far": revenue, "ROAS": revenue / cost}
    return {name: round(value) if name in ("Cost", "Revenue so far") and value >= 1000 else value for name, value in shown.items()}


def campaigns(database) -> dict[tuple, list]:
    """Campaign, source, medium and channel -> sign-ups, cost, CAC, LTV, revenue, ROAS."""
    sums, found = defaultdict(lambda: [0.0, 0.0, 0.0]), {}
    query = f"select * from reporting.campaign_performance where model = '{MODEL}' and period_type = 'month'"
    for row in database.query(query):
        key = (row["campaign"], row["source"], row["medium"], row["channel"])
        sums[key] = [old + float(row[name] or 0) for old, name in zip(sums[key], ("signups", "cost", "revenue"))]
    for key, (signups, cost, revenue) in sums.items():
        found[key] = [signups, cost, cost / signups if cost and signups else None, revenue / signups if signups else None,
                      revenue, revenue / cost if cost else None]
    return found
