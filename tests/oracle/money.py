"""What sign-ups cost and brought, and what people say brought them, row by row."""

import re
from collections import Counter, defaultdict
from datetime import date, datetime

from .credits import NOBODY, RULES
from .periods import DAY, PERIODS, day_of, start_of

NO_SIGNUP = "(no sign-up)"
UNMATCHED = "(unmatched spend)"


def campaign_key(row) -> tuple[str, str, str]:
    """Source, medium and campaign in the form by which spend and touches are matched."""
    return tuple((row[column] or "").strip(" ").lower() or "(none)" for column in ("source", "medium", "campaign"))


def currency_of(row, options) -> str:
    return (row.get("currency") or "").strip(" ").upper() or (options.reporting_currency or "").upper() or "(none)"


def charges(subscription, newest: datetime):
    """Times at which a subscription was paid: at its start and after each billing period."""
    started, interval = subscription["started_at"], (subscription.get("billing_interval") or "").strip().lower()
    for number in range(10_000):
        if interval == "week":
            at = started + number * 7 * DAY
        else:
            months = started.month - 1 + number * (12 if interval == "year" else 1)
            year, month = started.year + months // 12, months % 12 + 1
            after = datetime(year + month // 12, month % 12 + 1, 1)
            at = started.replace(year=year, month=month, day=min(started.day, (after - DAY).day))
        ended = subscription.get("ended_at")
        if at > newest or (number and ended is not None and at >= ended):
            return
        yield at


def persons_of_users(tables) -> dict[str, str]:
    """User who is linked with others -> the person they are."""
    return {row["user_id"]: row["alias_id"] for row in tables["persons_of_users"]}


def person_of(row, persons) -> str:
    """The person of a row; blanks around its user do not count, as in messages."""
    user = row["user_id"].strip()
    return persons.get(user, user)


def payments(tables, business, options, newest):
    """Every payment as (person, time, amount, currency)."""
    persons = persons_of_users(tables)
    for row in business["revenue"]:
        yield person_of(row, persons), row["paid_at"], float(row["amount"]), currency_of(row, options)
    for row in business["subscriptions"]:
        for at in charges(row, newest):
            yield person_of(row, persons), at, float(row["amount"]), currency_of(row, options)


def channels_of_arrivals(tables) -> dict[tuple, str]:
    """Source, medium and campaign -> channel, of all touches that are not direct."""
    return {campaign_key(touch): touch["channel"] for touch in tables["touches"]
            if not (touch["is_direct"] or touch["is_untracked"])}


def channel_of(key, known) -> str:
    if key in known:
        return known[key]
    others = {channel for (source, medium, _), channel in known.items() if (source, medium) == key[:2]}
    return others.pop() if len(others) == 1 else UNMATCHED


def performance_rows(tables, signups, credits, business, options, newest):
    """campaign_performance and channel_performance."""
    zone, models, known = options.report_timezone, (*RULES, "markov"), channels_of_arrivals(tables)
    entries = []  # (model, channel, campaign key, currency, day, signups, cost, revenue, age)
    paid = list(payments(tables, business, options, newest))
    spent = [(date.fromisoformat(row["date"]), campaign_key(row), float(row["cost"]), currency_of(row, options)) for row in business["ad_spend"]]
    # a money row: one day, person or campaign, and currency
    money = Counter(currency for _, _, currency in {(day, key, currency) for day, key, _, currency in spent})
    money.update(currency for _, _, currency in {(person, day_of(at, zone), currency) for person, at, _, currency in paid})
    main = (options.reporting_currency or "").upper() or min(money, key=lambda one: (-money[one], one), default="(none)")
    own = defaultdict(list)
    for row in credits:
        own[row["alias_id"]].append(row)
        entries.append((row["model"], row["channel"], campaign_key(row), main, day_of(row["signup_timestamp"], zone),
                        row["credit"], 0, 0, None))
    for person, at, amount, currency in paid:
        for row in own[person]:
            signed_up_on = day_of(row["signup_timestamp"], zone)
            age = max((day_of(at, zone) - signed_up_on).days, 0)
            entries.append((row["model"], row["channel"], campaign_key(row), currency, signed_up_on, 0, 0,
                            amount * row["credit"], age))
        if person not in signups.rows:
            entries += [(model, NO_SIGNUP, (NO_SIGNUP, NO_SIGNUP, "(none)"), currency, day_of(at, zone), 0, 0, amount, None)
                        for model in models]
    for day, key, cost, currency in spent:
        entries += [(model, channel_of(key, known), key, currency, day, 0, cost, 0, None) for model in models]
    return {"campaign_performance": added_up(entries, by_campaign=True), "channel_performance": added_up(entries, by_campaign=False)}


def added_up(entries, by_campaign):
    """Rows of a mart from its entries."""
    groups = defaultdict(list)
    for entry in entries:
        model, channel, campaign, currency, day = entry[:5]
        for period in PERIODS:
            groups[period, start_of(period, day), model, channel, currency, *(campaign if by_campaign else ())].append(entry)
    rows = []
    for (period, start, model, channel, currency, *campaign), those in groups.items():
        signups, cost, revenue = (sum(entry[place] for entry in those) for place in (5, 6, 7))
        ages = sorted({entry[8] for entry in those if entry[8] is not None})
        paid_back = [age for age in ages if cost > 0 and cost <= sum(
            entry[7] for entry in those if entry[8] is not None and entry[8] <= age)]
        rows.append({
            "period_type": period, "period_start": start, "model": model, "channel": channel, "currency": currency,
            **dict(zip(("source", "medium", "campaign"), campaign)),
            "signups": signups, "cost": cost, "revenue": revenue,
            "cac": cost / signups if cost and signups else None, "average_ltv": revenue / signups if signups else None,
            "roas": revenue / cost if cost else None, "payback_days": paid_back[0] if paid_back else None})
    return rows


def reported_rows(tables, signups, business, rules):
    """reported_vs_attributed. rules: rows of the seed survey_answers in order."""
    first, persons = {}, persons_of_users(tables)
    for row in sorted(business["survey"], key=lambda row: (row.get("answered_at") or datetime.max, row["answer"].lower())):
        first.setdefault(person_of(row, persons), row["answer"].lower())
    found, judged = Counter(), {}
    for person, answer in first.items():
        rule = next((rule for rule in rules if re.search(rule["answer_pattern"], answer)), None)
        signup = signups.rows.get(person)
        touched = signup and signup["first_touch_channel"]
        key = (rule["reported_as"] if rule else "(other)", NO_SIGNUP if signup is None else touched or NOBODY)
        found[key] += 1
        if rule and rule["channels"] and touched:
            judged[key] = touched in rule["channels"].split("|")
    comparable = sum(found[key] for key in judged)
    return [{"reported_as": reported, "channel": channel, "person_count": count,
             "share_of_reported": count / sum(c for (other, _), c in found.items() if other == reported),
             "agreement_share": sum(found[key] for key, agreed in judged.items() if agreed) / comparable if comparable else None,
             "is_agreed": judged.get((reported, channel))}
            for (reported, channel), count in found.items()]
