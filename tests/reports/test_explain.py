"""explain.py agrees with the tables, which are the oracle's, and names the evidence that the oracle finds."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import explain
from database.stored_tables import stored_tables
from engines import held_by_another
from explaining.attribution import TOUCH_FACTS
from explaining.facts import Common
from explaining.story import UTM
from explaining.story import explain as explain_person
from harness import as_vars, assert_equal, differences
from oracle import COLUMNS, Settings, compute
from oracle.rules import host_matches
from oracle.signups import TOUCH_PARTS
from oracle.touches import evidence_of
from oracle.urls import host_of
from project import environment
from samples import together

SITE = Settings(own_domains=("example.com",), attributed_channels=("Organic Search",), attribution_lookback_days=2.5)
POLICIES = {"duckdb": "timeline", "postgres": "last"}  # the queries are the same on both
STARTED = datetime(2026, 3, 1, 9)
OBEYED = "\x1b[31mred\x07\x9b\u202e"  # a terminal would turn red, ring, and reverse the text
OTHERS = 20  # persons of the sample besides those who signed up
# Whether only attributed touches count, and which of the touches it is.
CHOSEN = {
    "first_touch": (False, 0), "last_touch": (False, -1),
    "first_attributed_touch": (True, 0), "last_attributed_touch": (True, -1),
}


def hand_made():
    """A load: a kiosk that ann and bob share, an id that is a user's and a device's, and what a terminal would obey."""
    def message(number, device, user=None, minutes=0, **more):
        at = STARTED + timedelta(minutes=minutes)
        ids = {"id": f"hand-made {number}", "anonymous_id": device, "user_id": user}
        return {**ids, "timestamp": at, "received_at": at, **more}

    url = "https://example.com/"
    return {
        "pages": [
            message(1, "kiosk", url=url + "?gclid=G1", referrer="https://www.google.com/"),
            message(3, "kiosk", minutes=60, url=url, referrer="https://www.paypal.com/pay"),
            message(5, "kiosk", minutes=300, url=url + "?utm_campaign=only"),
            message(10, "kiosk", minutes=600, url=url + "auth/back?from=git", referrer="https://github.com/"),
            message(6, "twin", minutes=0, url=url, referrer="https://news.example.org/"),
            message(8, "mallory", url=url + "?utm_source=" + OBEYED, referrer="https://evil.example.org/" + OBEYED),
        ],
        "tracks": [
            message(2, "kiosk", "ann", 5, event="signed_up"), message(4, "kiosk", "bob", 65, event="signed_up"),
            message(7, "other", "twin", 10, event="Opened"),
        ],
        "identifies": [message(9, "kiosk", "ann", 6)],
        "aliases": [{**message(11, None, "bob", 70), "previous_id": "robert"}],
    }


def plain(row, columns):
    """The row in these columns."""
    return {name: row[name] for name in columns}


def test_stories_agree_with_the_tables_and_the_oracle(engine, small_sample_days, project_seeds, capsys):
    settings = replace(SITE, identity_policy=POLICIES[engine.name])
    loads = [together([*small_sample_days, hand_made()])]
    engine.receive(loads[0])
    engine.refresh(as_vars(settings))
    assert_equal(engine, loads, settings, project_seeds)
    expected = compute(loads, settings, project_seeds)
    signed_up = [row["alias_id"] for row in expected["attribution"]]
    others = sorted({row["alias_id"] for row in expected["touches"]} - {*signed_up})[:OTHERS]
    with environment(engine.database.environment):
        with stored_tables(engine.name, "test") as tables:
            common = Common(tables)
            stories = [explain_person(tables, person, common) for person in [*signed_up, *others, "mallory"]]
        assert len(stories) > 2 * OTHERS
        for story in stories:
            assert_agrees(story, expected, settings, project_seeds)
        by_rule = {touch["source_rule"] for story in stories for touch in story["touches"]}
        assert by_rule == {"utm", "click_id", "referrer", "direct", "untracked"}
        assert {touch["counts"] for story in stories for touch in story["touches"]} == {True, False}
        assert any(touch["excluded"] for story in stories for touch in story["touches"])

        command_line(engine, capsys)
        of_an_earlier_version(engine, settings, stories, capsys)
        if engine.name == "duckdb":
            locked(engine, capsys)


def assert_agrees(story, expected, settings, rules):
    """One story says what the tables and the oracle say."""
    person = story["alias_id"]

    def own(table):
        return [row for row in expected[table] if row["alias_id"] == person]

    assert not differences("all_sessions", own("all_sessions"), story["sessions"])
    assert not differences("touches", own("touches"), story["touches"])
    for session in story["sessions"]:
        assert sum(visit["event_count"] for visit in session["visits"]) == session["event_count"]
    assert not any("agree" in note for note in story["notes"])
    messages = {(row["message_type"], row["event_id"]): row for row in expected["app_tracks"]}
    for touch in story["touches"]:
        assert_evidence(touch, messages, settings, rules)
    for row in story["ids"]:
        assert plain(row, COLUMNS["aliases"]) in expected["aliases"]
        if row["id_type"] == "anonymous_id":
            assert_merged(row, expected, settings)
    assert {row["id"] for row in story["ids"]} >= {row["id"] for row in own("aliases")}
    if not own("attribution"):
        assert story["attribution"] is None
        return
    columns = story["attribution"]["columns"]
    assert not differences("attribution", own("attribution"), [{name: cell["value"] for name, cell in columns.items()}])
    assert all(column["because"] for column in columns.values())
    counted = [touch for touch in story["touches"] if touch["counts"]]
    for name, (is_attributed, place) in CHOSEN.items():
        eligible = [touch for touch in counted if not is_attributed or touch["is_paid"]
                    or touch["channel"] in settings.attributed_channels]
        chosen = story["attribution"]["touches"][name]
        assert chosen["touch_number"] == (eligible[place]["touch_number"] if eligible else None), (person, name)
        assert chosen["because"].startswith(f"Touch {chosen['touch_number']} " if eligible else "Empty")
    assert TOUCH_FACTS == TOUCH_PARTS


def assert_evidence(touch, messages, settings, rules):
    """The message, the rows of the seeds and the rule of the channel are those that the oracle finds."""
    if touch["is_untracked"]:
        assert touch["evidence"] is None and touch["channel_rule_order"] is None
        assert "no user agent" in touch["source_because"]
        return
    rule = next((row for row in rules.ordered_channel_rules
                 if rules.rule_holds(row, touch["source"], touch["medium"], touch["campaign"])), None)
    assert touch["channel_rule_order"] == (int(rule["rule_order"]) if rule else None)
    assert touch["channel_because"].startswith(f"rule {rule['rule_order']} " if rule else "no rule")
    assert (touch["source_category"] or "") == rules.source_category(touch["source"])
    by_host = rules.referrer((touch["source"] or "").lower())
    assert touch["category_pattern"] == (by_host and by_host["host_pattern"])
    if touch["is_direct"] and touch["source_rule"] == "direct":
        assert touch["evidence"] is None and touch["source_rule"] == "direct"
        for one in touch["excluded"]:
            found = evidence_of(messages[one["message_type"], one["event_id"]], settings, rules)
            assert found.referrer is None and host_matches(host_of(one["referrer"]), one["row"]["domain"])
        return
    message = messages[touch["evidence"]["message_type"], touch["evidence"]["event_id"]]
    found = evidence_of(message, settings, rules)
    for name in ("campaign", "term", "content", "referrer", "referrer_host", "click_id_name", "click_id"):
        assert getattr(found, name) == touch[name]
    assert all(touch["evidence"][name] == getattr(found, name.removeprefix("utm_")) for name in UTM)
    known = rules.referrer(found.referrer_host) if found.referrer_host else None
    assert touch["referrer_pattern"] == (known and known["host_pattern"])
    assert touch["referrer_row"] == (known and plain(known, ("host_pattern", "source", "category")))
    assert (touch["click_id_row"] or {}).get("click_id_name") == found.click_id_name
    by_rule = {
        "utm": found.source or found.medium, "click_id": found.click_id, "referrer": found.referrer, "direct": True}
    assert touch["source_rule"] == next(name for name, is_there in by_rule.items() if is_there)
    since = timedelta(seconds=settings.entry_window_seconds) if touch["is_entry"] else timedelta()
    assert touch["touch_timestamp"] <= message["occurred_at"] <= touch["touch_timestamp"] + since


def assert_merged(row, expected, settings):
    """Each owner of the device, and the message by which it is theirs, follow from the messages that have both ids."""
    both = [m for m in expected["app_tracks"] if row["id"] in (m["anonymous_id"], m["previous_id"]) and m["user_id"] is not None]
    both.sort(key=lambda m: (m["occurred_at"], m["event_id"], m["message_type"]))
    if settings.identity_policy == "timeline":
        runs = [list(run) for _, run in groupby(both, key=lambda m: m["user_id"])]
    else:
        last = max((m["occurred_at"] for m in both), default=None)
        at_last = [m for m in both if m["occurred_at"] == last]
        runs = [sorted(at_last, key=lambda m: m["user_id"])[:1]] if both else []
    columns = ("message_type", "event_id", "occurred_at")
    assert [(owner["user_id"], owner["message"]) for owner in row["owners"]] == [
        (run[0]["user_id"], plain(run[0], columns)) for run in runs]
    assert {user["user_id"] for user in row["users"]} == {m["user_id"] for m in both}
    for user in row["users"]:
        assert user["message"]["event_id"] == next(m["event_id"] for m in both if m["user_id"] == user["user_id"])


def command_line(engine, capsys):
    """What people see."""
    def told(person, *arguments):
        code = explain.main([person, "--target", engine.name, *arguments])
        return code, *capsys.readouterr()

    code, text, err = told("bob")
    assert (code, err) == (0, "")
    story = json.loads(told("bob", "--json")[1])
    assert story["alias_id"] == "bob"
    assert {"asked_for", "tables", "settings", "notes", "ids", "sessions", "touches", "attribution"} <= {*story}
    for touch in story["touches"]:
        assert touch["touch_id"] in text or touch["channel_because"] in text
    lines = [line.split() for line in text.splitlines()]
    for column, cell in story["attribution"]["columns"].items():
        if isinstance(cell["value"], str):
            words = [column, *cell["value"].replace("T", " ").split()]
            assert words in [line[:len(words)] for line in lines]
    assert "shared with other persons ('ann')" in text and "excluded_referrers.csv: paypal.com" in text
    assert "excluded_referrers.csv: github.com" in text
    # Who owns the kiosk now.
    owner = json.loads(told("kiosk", "--json")[1])
    assert owner["alias_id"] == "bob" and "'kiosk' is an anonymous id of the person 'bob'" in owner["notes"][0]

    bob = next(row for row in story["ids"] if row["id"] == "bob")
    assert "Linked with 'robert' by the message 'hand-made 11' of aliases: 2 linked users are one person" in bob["because"]

    twin = told("twin")[1]
    assert "is an anonymous id too" not in twin and "Person twin: has not signed up" in twin
    mallory = told("mallory")[1]
    assert "\\x1b[31mred\\x07\\x9b\\u202e" in mallory and not any(c in mallory for c in "\x1b\x07\x9b\u202e")
    assert OBEYED in json.loads(told("mallory", "--json")[1])["touches"][0]["referrer"]
    assert "\x1b" not in told("mallory", "--json")[1]

    code, text, err = told("no\x1bbody")
    assert (code, text) == (1, "") and len(err.splitlines()) == 1 and "Nobody has the id 'no\\x1bbody'" in err
    assert explain.main(["bob", "--target", "oracle"]) == 2 and "no target oracle" in capsys.readouterr().err
    assert explain.main([]) == 2 and "--help" in capsys.readouterr().err
    with environment({"SIGNUP_ATTRIBUTION_SCHEMA": "dev_nobody"}):
        assert told("bob") == (2, "", "There are no tables yet: run scripts/refresh.py.\n")


def of_an_earlier_version(engine, settings, stories, capsys):
    """Tables that do not yet say which rules decided say so after a refresh."""
    database, columns = engine.database, ("source_rule", "excluded_domain", "channel_rule_order")
    for column in columns:
        database.execute(f"alter table sessions_stages.evidence_classes drop column {column}")
    assert explain.main(["bob", "--target", engine.name]) == 2
    assert "built by another version of the project: run" in capsys.readouterr().err
    engine.refresh(as_vars(settings))
    written = {row["model"]: row["rows_written"] for row in engine.fetch("refresh.models", "model, rows_written")}
    assert written["evidence_classes"]
    with stored_tables(engine.name, "test") as tables:
        again = explain_person(tables, "bob")
    assert again["touches"] == next(story["touches"] for story in stories if story["alias_id"] == "bob")


def locked(engine, capsys):
    """Somebody else writes to the file."""
    with held_by_another(engine.database.path) as process:
        assert explain.main(["bob"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and f"in use by process {process.pid}" in err
