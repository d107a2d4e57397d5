"""Edited seeds and settings: rules restate all of history at the next refresh, settings ask for a full one."""

import csv
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import project
import samples
from conftest import on_duckdb
from harness import PUBLISHED, as_vars, assert_equal
from installed import Installed
from oracle import Rules, Settings, compute
from restated import History

SITE = Settings(own_domains=("example.com",))
STARTED = datetime(2026, 2, 27, 9)

# What the arrivals of hand-made visitors carry, besides those of the sample: (query of the page, referrer).
ARRIVALS = [
    ("xyzclid=X1", None), ("XYZCLID=X2&page=1", None), ("xyzclid=X3&utm_source=letter&utm_medium=email", None),
    ("gclid=G1", None), ("gclid=G2&xyzclid=X4", "https://www.google.com/"), ("fbclid=F1", None),
    ("", "https://www.finder.example/?q=1"), ("", "https://pay.partner.example/back"), ("", "https://duckduckgo.com/"),
    ("utm_source=letter&utm_medium=email&utm_campaign=the-only-one", None), ("", None),
    ("utm_source=amazon", None), ("utm_source=x&utm_medium=CPM&utm_campaign=Cross-Network", None),
    ("code=1&state=2", "https://git.example/login"), ("from=git", "https://git.example/"),
    ("gclid=G3&utm_source_platform=ads&utm_creative_format=text", None), ("fbclid=%20+&gclid=%20", None),
]


def hand_made():
    """A load: one device per arrival, which comes back the next day without evidence and signs up."""
    pages, tracks = [], []
    for number, (query, referrer) in enumerate(ARRIVALS):
        at = STARTED + timedelta(hours=number)
        device = {"anonymous_id": f"hand-made {number}", "received_at": at, "uuid_ts": at, "timestamp": at}
        url = "https://example.com/" + ("?" + query if query else "")
        pages.append({**device, "id": f"hand-made page {number}", "url": url, "referrer": referrer})
        back = {"received_at": at + timedelta(days=1), "uuid_ts": at + timedelta(days=1), "timestamp": at + timedelta(days=1)}
        tracks.append({**device, **back, "id": f"hand-made track {number}", "event": "signed_up"})
    return {"pages": pages, "tracks": tracks}


@pytest.fixture
def copied(engine, tmp_path, monkeypatch):
    """The engine with a copy of the project, whose folder is `copied.root`: its seeds may be edited."""
    copy = Installed(engine.database, tmp_path)
    monkeypatch.setattr(project, "ROOT", copy.root)
    with closing(project.Project(engine.database, tmp_path, is_served=True)) as served:
        monkeypatch.setattr(engine, "project", served)
        monkeypatch.setattr(engine, "root", copy.root, raising=False)
        yield engine


@pytest.fixture
def loads(small_sample_days):
    """One load: sample messages and the hand-made visitors."""
    return [samples.together([*small_sample_days, hand_made()])]


def edit(engine, seed, change):
    """Rewrite a seed of the copy; change gets its rows as dicts of texts and returns those to write."""
    path = engine.root / "seeds" / f"{seed}.csv"
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), reader.fieldnames
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(change(rows))


def rules_of(engine):
    return Rules.read(engine.root / "seeds")


def edit_channel_rules(engine):
    """One channel renamed, one rule dropped, a new first rule, which is paid; one kind of paid touch is no longer paid."""
    edit(engine, "channel_rules", lambda rows: [
        {"rule_order": "1", "channel": "Letter", "source_pattern": "^letter$", "is_paid": "true"},
        *({**row, "channel": row["channel"].replace("Organic Search", "Search"),
           "is_paid": "false" if row["channel"] == "Paid Shopping" else row["is_paid"]}
          for row in rows if (row["channel"], row["medium_pattern"]) != ("AI Assistant", "^ai-assistant$")),
    ])


def edit_hosts_and_clicks(engine):
    """An unknown host becomes a search engine, a known one social, one is excluded; a new click id, one no longer paid."""
    edit(engine, "referrers", lambda rows: [
        {"host_pattern": "finder.example", "source": "finder", "category": "search"},
        *({**row, "category": "social"} if row["host_pattern"] == "duckduckgo.com" else row for row in rows),
    ])
    edit(engine, "excluded_referrers", lambda rows: [
        {"domain": "partner.example"}, {"domain": "git.example", "returned_to": "/welcome/|code+state"}, *rows])
    edit(engine, "click_ids", lambda rows: [
        {"priority": "5", "click_id_name": "xyzclid", "source": "xyz", "medium": "cpc", "is_paid": "true"},
        *({**row, "medium": "listing", "is_paid": "false"} if row["click_id_name"] == "gclid" else row for row in rows),
    ])


def no_edit(engine):
    """Of rules only the variable attributed_channels changes."""


# A device with a sign-up, and a user whom no message names.
OVERRIDE = {"id_a": "later user", "id_b": "hand-made 10", "action": "link", "note": "by letter"}
OVERRIDDEN = ("link_or_override", "identity_overrides")
# Change -> the attributed channels, the rows of identity_overrides, and what restatements after it may be ascribed to.
STAGES = [
    (edit_channel_rules, ("Organic Social",), [], {("rule", "channel_rules.csv")}),
    (edit_hosts_and_clicks, ("Organic Social",), [OVERRIDE],
     {OVERRIDDEN, *(("rule", f"{seed}.csv") for seed in ("referrers", "excluded_referrers", "click_ids"))}),
    (no_edit, ("Direct", "Search"), [], {OVERRIDDEN, ("setting", "attributed_channels")}),
]


def by_person(rows):
    people = {}
    for row in rows:
        people.setdefault(row["alias_id"], []).append(row)
    return people


def rows_written(engine):
    """Model -> rows that its last run wrote."""
    return {row["model"]: row["rows_written"] for row in engine.fetch("refresh.models", "model, rows_written")}


@on_duckdb
def test_edited_rules_restate_history(copied, loads):
    """Each edit is followed by a refresh without new messages."""
    settings = replace(SITE, attributed_channels=("Organic Social",))
    copied.receive(loads[0])
    copied.refresh(as_vars(settings))
    history = History(copied)
    history.add()
    stored = compute(loads, settings, rules_of(copied))
    for change, channels, overrides, causes in STAGES:
        change(copied)
        edit(copied, "identity_overrides", lambda _: overrides)
        settings = replace(settings, attributed_channels=channels)
        expected = compute(loads, settings, rules_of(copied), overrides)
        assert any(expected[table] != stored[table] for table in ("touches", "attribution")), "the edit says nothing"
        copied.refresh(as_vars(settings))
        assert_equal(copied, loads, settings, rules_of(copied), f"after {change.__doc__}", overrides)
        restated = history.add()
        assert {(row["cause"], row["cause_detail"].split(":")[0]) for row in restated} == causes
        named = {row["cause_detail"] for row in restated if row["cause"] == "link_or_override"}
        assert named == ({"identity_overrides: hand-made 10, later user"} if OVERRIDDEN in causes else set())
        stored = expected

    # An edit that concerns one combination of evidence, which one person has: only what it changes is written.
    edit(copied, "channel_rules", lambda rows: [
        {"rule_order": "0", "channel": "Only One", "campaign_pattern": "^the-only-one$", "is_paid": "false"}, *rows])
    copied.refresh(as_vars(settings))
    assert_equal(copied, loads, settings, rules_of(copied), "after an edit for one person")
    restated = history.add()
    assert {(row["alias_id"], row["cause"], row["cause_detail"]) for row in restated} == {("hand-made 9", "rule", "channel_rules.csv: 0")}
    assert {row["fact"]: (row["old_value"], row["new_value"]) for row in restated}["first_touch_channel"] == ("Letter", "Only One")
    before, now = by_person(stored["touches"]), by_person(copied.published("touches"))
    concerned = [person for person in now if sorted(map(str, now[person])) != sorted(map(str, before[person]))]
    assert concerned == ["hand-made 9"]
    written = rows_written(copied)
    assert written["touches"] == len([row for row in now["hand-made 9"] if row not in before["hand-made 9"]])
    assert written["attribution"] == written["evidence_classes"] == 1

    copied.refresh(as_vars(settings), full_refresh=True)
    assert_equal(copied, loads, settings, rules_of(copied), "after a full refresh with the edited rules")
    assert not history.add()


CHANGED = Settings(
    session_gap_minutes=2, identity_policy="last", signup_events=("Pricing", "signed_up"), ignored_events=("Home",),
    own_domains=("example.com", "google.com"), max_clock_skew_minutes=0, max_event_age_days=1.5,
    entry_window_seconds=1, blog_url_pattern="%a%", attribution_lookback_days=3,
)


@on_duckdb
def test_changed_settings_need_a_full_refresh(copied, loads):
    """Each one is refused by name, before anything changes; a full refresh applies all of them."""
    copied.receive(loads[0])
    copied.refresh(as_vars(SITE))
    kept = contents(copied)
    for name, value in as_vars(CHANGED).items():
        assert_refused(copied, {**as_vars(SITE), name: value}, name)
    edit(copied, "invalid_ids", lambda rows: [{"invalid_id": "hand-made 3"}, *rows[1:]])
    assert_refused(copied, as_vars(SITE), "seeds/invalid_ids.csv")
    assert contents(copied) == kept

    copied.refresh(as_vars(CHANGED), full_refresh=True)
    assert_equal(copied, loads, CHANGED, rules_of(copied), "after a full refresh with other settings")
    assert "hand-made 3" not in {row["alias_id"] for row in copied.published("all_sessions")}


def test_the_order_and_form_of_a_setting_say_nothing(duckdb_engine):
    """A list in another order, or a number written differently, is the same setting."""
    duckdb_engine.load("pages", [{"id": "1", "anonymous_id": "a", "timestamp": STARTED}])
    duckdb_engine.refresh({"own_domains": ["a.example", "b.example"], "session_gap_minutes": 20})
    duckdb_engine.refresh({"own_domains": ["b.example", "a.example"], "session_gap_minutes": 20.0})


def contents(engine):
    """All published rows and the state of every model, in a comparable form."""
    tables = {table: sorted(map(repr, engine.published(table))) for table in PUBLISHED}
    return {**tables, "models": sorted(map(repr, engine.fetch("refresh.models")))}


def assert_refused(engine, variables, name):
    """A refresh fails with one sentence that names the setting and the way out."""
    outcome = engine.project.run("run", "--select", "partitions", vars=variables)
    sentence = next((line for line in outcome.error.splitlines() if name in line), "")
    assert not outcome.success and "--full-refresh" in sentence and sentence.endswith("."), outcome.error
