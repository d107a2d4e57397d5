"""The marts equal the oracle's after every batch, with money and settings that change, and after a full rebuild."""

import csv
import math
import random
from datetime import date, datetime, timedelta

import pytest

import samples
import strategies
from harness import as_vars, plain, same
from oracle import Settings, compute
from oracle.reporting import KEYS, Options, compute_reporting
from project import ROOT
from test_properties import USUAL_SEED, draw_scenarios

SETTINGS = Settings(own_domains=(*strategies.OWN_DOMAINS, "example.com"), ignored_events=strategies.IGNORED_EVENTS,
                    attribution_lookback_days=0.05, attributed_channels=("Organic Search",))
SCENARIOS = 60
# Sample data and scenarios have load times of their own: every refresh looks at all of them.
SINCE = date(2025, 1, 1)
SOURCES = ("tracks", "pages", "screens", "identifies", "aliases", "ad_spend", "revenue", "subscriptions", "survey")
STORED = ("path_credits", "person_paths", "removal_effects", "ad_costs", "person_revenue", "reported_vs_attributed")
# Rows that count for nothing: money that is no number in range, days and billing intervals that are none, answers of nobody.
UNUSABLE = {
    "ad_spend": [{"date": "2026-05-02", "cost": cost, "source": "google", "currency": "USD"} for cost in (math.nan, math.inf, 1e308, 1e308)]
                + [{"date": "20260502", "cost": 5.0, "source": "google", "currency": "USD"}],
    "revenue": [{"user_id": "nobody", "amount": amount, "currency": "USD", "paid_at": datetime(2026, 5, 2)}
                for amount in ("1e400", "-1e308", "NaN", "inf", "1e-400", "$5")],
    "subscriptions": [{"user_id": "nobody", "amount": 20, "currency": "USD", "billing_interval": interval, "started_at": datetime(2026, 4, 2)}
                      for interval in ("quarter", "yearly")],
    "survey": [{"user_id": user, "answer": "Google"} for user in ("undefined", "", " \n", "u" * 256)],
}
ANSWERS = ("Google", "a friend told me", "Newsletter", "YouTube", "no idea", "Instagram ad", "ChatGPT")


@pytest.fixture(scope="module")
def loads(small_sample_days):
    """Three loads: sample messages, and small nasty sets of messages."""
    scenarios = [strategies.prefixed(made, f"e{n}-") for n, made in enumerate(draw_scenarios(SCENARIOS, USUAL_SEED + 3))]
    nasty, third = strategies.merge(scenarios), len(small_sample_days) // 3
    sample = [small_sample_days[:third], small_sample_days[third:2 * third], small_sample_days[2 * third:]]
    return [samples.together([*map(written_alike, sample[n]), *(nasty[n:n + 1] if n < 2 else nasty[2:]), long_visit(n)]) for n in range(3)]


def written_alike(load) -> dict[str, list[dict]]:
    """A load of sample messages, its times in the types that these columns have in the sets of messages."""
    def written(row):
        forms = {"original_timestamp": strategies.number_of, "sent_at": datetime.isoformat}
        return {**row, **{name: form(row[name]) for name, form in forms.items() if row.get(name)}}

    return {collection: [written(row) for row in rows] for collection, rows in load.items()}


def long_visit(number) -> dict[str, list[dict]]:
    """Somebody who signs up so long after they came that the one touch does not count, somebody by a campaign in German, and
    somebody linked with a user whom no other message names."""
    at = [datetime(2026, 5, 3 + number, 10) + timedelta(minutes=15) * place for place in range(9)]
    messages = [{"id": f"long {number} {place}", "anonymous_id": f"long {number}", "timestamp": when, "received_at": when}
                for place, when in enumerate(at)]
    campaign = {"context_campaign_source": "Zürich", "context_campaign_medium": "email", "context_campaign_name": "ÜBER uns"}
    other = {**messages[0], "id": f"umlaut {number}", "anonymous_id": f"umlaut {number}", **campaign}
    linked = {**messages[0], "id": f"linked {number}", "anonymous_id": None, "user_id": f"linked {number}"}
    return {"pages": [*messages[:-1], other], "tracks": [{**messages[-1], "event": "signed_up"}, {**linked, "event": "signed_up"}],
            "aliases": [{**linked, "previous_id": f"former {number}"}]}


@pytest.fixture(scope="module")
def business(loads, project_seeds):
    """What each of the three loads brings besides messages: source -> rows."""
    tables = compute(loads, SETTINGS, project_seeds)
    chance, signups = random.Random(7), tables["attribution"]
    users = [row["alias_id"] for row in signups] + ["nobody"]
    campaigns = [(touch["source"], touch["medium"], touch["campaign"]) for touch in tables["touches"] if not touch["is_direct"]]
    campaigns = [*chance.sample(campaigns, 12), ("google", "cpc", "unseen"), ("nowhere", None, " "), (None, None, None),
                 ("ZÜRICH", "EMAIL", "Über Uns")]
    made = []
    for load in (1, 2):
        spend = [{"date": str(date(2026, 3 + load, chance.randint(1, 28))), "cost": chance.randint(1, 900) / 7,
                  "source": source and chance.choice([source, source.upper()]), "medium": medium, "campaign": campaign,
                  "currency": chance.choice(["usd", "USD", "EUR", None])} for source, medium, campaign in campaigns]
        revenue = [{"user_id": chance.choice(users), "amount": str(chance.randint(-500, 9000) / 100),
                    "currency": chance.choice(["USD", "USD", "GBP", None]),
                    "paid_at": datetime(2026, 3, 20, 3, 30) + timedelta(hours=chance.randint(0, 2000))} for _ in range(60)]
        subscriptions = [{"user_id": chance.choice(users), "amount": 20, "currency": "USD",
                          "billing_interval": chance.choice(["month", "Month", "week", " YEAR", None]),
                          "started_at": (begun := datetime(2025, 12, 31, 9) + timedelta(days=chance.randint(0, 120))),
                          "ended_at": chance.choice([None, begun + timedelta(days=40)])} for _ in range(10)]
        survey = [{"user_id": user, "answer": chance.choice(ANSWERS), "answered_at": datetime(2026, 4, load)}
                  for user in chance.sample(users, len(users) // 2)]
        revenue.append({"user_id": f"former {load}\n", "amount": "7", "currency": "USD", "paid_at": datetime(2026, 5, 9)})
        survey.append({"user_id": f"\tformer {load}", "answer": "Google", "answered_at": None})
        made.append({"ad_spend": spend, "revenue": revenue, "subscriptions": subscriptions, "survey": survey})
    nothing = dict.fromkeys(made[0], ())
    return [nothing, *made]


def variables(options: Options, with_money: bool, spend_file=None) -> dict:
    """The dbt variables. spend_file: where the ad spend is, if it is not a table."""
    sources = {name: strategies.SOURCES.get(name, {"schema": "segment", "table": name, "optional": True}) for name in SOURCES}
    if spend_file:
        sources["ad_spend"] = {"files": str(spend_file)}
    return {**as_vars(SETTINGS), **{name: value for name, value in vars(options).items() if value != getattr(Options, name)},
            "sources": sources if with_money else {name: sources[name] for name in SOURCES[:5]}}


def nearly_same(expected, actual) -> bool:
    """As same, but sums of fractions may differ in their last digits: engines add them up in the order in which they read them."""
    expected, actual = plain(expected), plain(actual)
    if isinstance(expected, float) or isinstance(actual, float):
        return None not in (expected, actual) and math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-9)
    return same(expected, actual)


def assert_marts(engine, loads, business, options, project_seeds, when, settings=SETTINGS, overrides=()):
    """Fail with the first difference of a mart from the oracle's."""
    together = {name: [row for part in business for row in part[name]] for name in business[0]}
    with open(ROOT / "seeds" / "survey_answers.csv", newline="", encoding="utf-8") as file:
        answers = list(csv.DictReader(file))
    expected = compute_reporting(compute(loads, settings, project_seeds, overrides), settings, options, together, answers)
    with engine.database.connected():
        newest = max(row["batch_id"] for row in engine.fetch("refresh.batches"))
        states = {row["model"]: row["batch_id"] for row in engine.fetch("refresh.models")}
        assert {states[name] for name in STORED} == {newest}, f"{states} {when}"
        for table, keys in KEYS.items():
            rows = engine.fetch(f"reporting.{table}")
            wanted, found = ({tuple(row[key] for key in keys): row for row in those} for those in (expected[table], rows))
            assert rows or table == "reported_vs_attributed" and not together["survey"], f"{table} is empty {when}"
            assert len(found) == len(rows), f"{table} has a key twice {when}"
            assert wanted.keys() == found.keys(), f"{table} {when}: {sorted(wanted.keys() ^ found.keys(), key=repr)[:3]}"
            for key, row in wanted.items():
                assert row.keys() == found[key].keys()
                unequal = [column for column, value in row.items() if not nearly_same(value, found[key][column])]
                assert not unequal, f"{table} {when}, {unequal}: expected {row}, found {found[key]}"


def write_spend(path, business):
    """The ad spend of these loads as a CSV file."""
    rows = [row for part in (*business, UNUSABLE) for row in part["ad_spend"]]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def assert_logged(engine):
    """What the log says was written and deleted since the first refresh adds up to the rows that exist."""
    with engine.database.connected():
        for table in STORED:
            log = [row for row in engine.fetch("refresh.refresh_log") if row["model"] == table]
            begun = max((row["batch_id"] for row in log if row["rows_deleted"] is None))  # a build from scratch deletes nothing
            assert begun < max(row["batch_id"] for row in log) or table == "path_credits", f"no incremental run of {table} was logged"
            written = sum(row["rows_inserted"] - (row["rows_deleted"] or 0) for row in log if row["batch_id"] >= begun)
            assert written == len(engine.fetch(f"reporting.{table}")), table
            assert all(row["rows_read"] is not None for row in log), table


def test_marts_after_every_batch_and_a_full_rebuild(engine, loads, business, project_seeds, tmp_path):
    steps = [Options(reporting_currency="eur"), Options(time_decay_half_life_days=0.5, report_timezone="America/New_York"),
             Options(position_first_share=0.1, position_last_share=0.7, report_timezone="Asia/Kolkata", reporting_currency="eur")]
    spend_file = tmp_path / "ad_spend.csv" if engine.name == "duckdb" else None
    for number, options in enumerate(steps, 1):
        engine.receive(loads[number - 1])
        engine.receive(business[number - 1])
        if spend_file and number > 1:
            write_spend(spend_file, business[:number])
        chosen = variables(options, number > 1, spend_file)
        if number == 2:  # the marts catch up with what they missed
            engine.receive({name: rows for name, rows in UNUSABLE.items() if not (spend_file and name == "ad_spend")})
            engine.refresh(chosen, since=SINCE)
        engine.refresh(chosen, since=SINCE, reporting=True)
        assert_marts(engine, loads[:number], business[:number], options, project_seeds, f"after load {number}")
    assert_logged(engine)
    engine.refresh(chosen, full_refresh=True, reporting=True)
    assert_marts(engine, loads, business, options, project_seeds, "after a full rebuild")
