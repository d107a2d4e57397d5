"""What a refresh changed in sign-ups that had been published, and why."""

import re
from datetime import datetime, timedelta

import explain
import report
from conftest import on_duckdb
from project import environment
from restated import EXISTS, History

MONDAY = datetime(2026, 3, 2, 10)


def message(id, device, user, minutes, load, **columns):
    """A raw row that happened so many minutes after Monday's start, and came with this load."""
    return {"id": id, "anonymous_id": device, "user_id": user, "timestamp": MONDAY + timedelta(minutes=minutes),
            "uuid_ts": MONDAY + timedelta(days=20 + load), **columns}


def changes(rows):
    """alias_id -> fact -> (old, new, cause, detail)."""
    found = {}
    for row in rows:
        found.setdefault(row["alias_id"], {})[row["fact"]] = tuple(row[name] for name in ("old_value", "new_value", "cause", "cause_detail"))
    return found


@on_duckdb
def test_late_messages_identities_and_settings(engine, tmp_path, capsys):
    history = History(engine)

    def refreshed(load, variables=None, **options):
        engine.receive(load)
        engine.refresh(variables, **options)
        return changes(history.add())

    # the first appearance of a sign-up is not a restatement
    assert refreshed({
        "pages": [message("page of bob", "bob's", "bob", 0, 0, url="https://shop.example/?gclid=1"),
                  message("page of a", "a", None, 0, 0, url="https://shop.example/?fbclid=1")],
        "tracks": [message("bob signs up", "bob's", "bob", 5, 0, event="signed_up"), message("a signs up", "a", None, 6, 0, event="signed_up"),
                   message("ann signs up", None, "ann", 10, 0, event="signed_up"),
                   message("carl signs up", None, "carl", 31 * 24 * 60, 0, event="signed_up")],  # so that March is over
    }) == {}

    # nor does what came after the sign-up change it; a page before it does
    found = refreshed({"pages": [
        message("bob's last", "bob's", "bob", 9000, 1, url="https://shop.example/?gclid=2"),
        message("bob's late", "bob's", "bob", -60, 1, url="https://shop.example/blog/x?utm_source=letter&utm_medium=email"),
        message("bob's later", "bob's", "bob", -50, 1)]})
    because = ("late_message", "bob's late")
    assert found.keys() == {"bob"}
    assert found["bob"]["first_touch_channel"] == ("Paid Search", "Email", *because)
    assert found["bob"]["blog_url"] == (None, "https://shop.example/blog/x?utm_source=letter&utm_medium=email", *because)
    assert found["bob"]["signed_up_in_first_session"] == ("true", "false", *because)
    assert "signup_timestamp" not in found["bob"] and "last_touch_channel" not in found["bob"]

    # a person merged into another is no longer a conversion, and the other's sign-up is an earlier one
    found = refreshed({"identifies": [message("a is ann", "a", "ann", 20, 2)],
                       "pages": [message("ann's page", "a", "ann", 30, 2, url="https://shop.example/")]})
    because = ("new_identity", "a is ann")
    assert found.keys() == {"a", "ann"}
    assert found["a"][EXISTS] == ("true", "false", *because)
    assert found["a"]["first_touch_channel"] == ("Organic Social", None, *because)
    assert found["ann"]["signup_timestamp"] == ("2026-03-02 10:10:00", "2026-03-02 10:06:00", *because)
    assert EXISTS not in found["ann"]

    # another setting, at once or by a full refresh; nothing else
    found = refreshed({}, {"attributed_channels": ["Email"]})
    assert found.keys() == {"bob"}
    assert found["bob"]["first_attributed_touch_channel"] == ("Paid Search", "Email", "setting", "attributed_channels")
    assert refreshed({}, {"attributed_channels": ["Email"]}, full_refresh=True) == {}
    found = refreshed({}, {"blog_url_pattern": "%/no/%"}, full_refresh=True, reporting=True)
    detail = 'blog_url_pattern: "%/blog/%", now "%/no/%"'
    assert found["bob"].keys() >= {"blog_url", "first_attributed_touch_channel"}
    assert {(cause, attributed in text) for (_, _, cause, text) in found["bob"].values()
            for attributed in (detail, 'attributed_channels: ["Email"], now []')} == {("setting", True)}
    check_totals(engine)
    check_story_and_report(engine, tmp_path, capsys)


def check_totals(engine):
    """What each month was as of each batch that changed it."""
    rows = engine.database.query(
        "select touch, channel, batch_id, conversions, change from reporting.channel_totals_as_of where month = date '2026-03-01' order by batch_id, channel")
    assert [(row["channel"], row["batch_id"], row["conversions"], row["change"]) for row in rows if row["touch"] == "first_touch"] == [
        ("Organic Social", 1, 1, 1), ("Paid Search", 1, 1, 1), ("Untracked", 1, 1, 1),
        ("Email", 2, 1, 1), ("Paid Search", 2, 0, -1), ("Untracked", 3, 0, -1)]


def check_story_and_report(engine, folder, capsys):
    page = folder / "report.html"
    with environment(engine.database.environment):
        assert explain.main(["--target", engine.name, "ann"]) == 0
        story = capsys.readouterr().out
        assert report.main(["--target", engine.name, "--output", str(page)]) == 0
        assert "the next report that replaces this one" in (first := page.read_text(encoding="utf-8"))
        page.write_text(re.sub('(signup-attribution-batch" content=)"[0-9]+"', r'\1"1"', first), encoding="utf-8")
        assert report.main(["--target", engine.name, "--output", str(page)]) == 0
    story = story[story.index("WHAT CHANGED"):]
    assert "a: a message that told whose a device is (a is ann)\n    The sign-up disappeared" in story
    assert re.search("first_touch_channel +Untracked -> Organic Social", story)
    assert "setting" not in story
    section = re.search('<section id="changed".*?</section>', page.read_text(encoding="utf-8"), re.DOTALL)[0]
    months = [re.findall(">([^<>]+)</td>", row) for row in re.findall("<tr><td>.*?</tr>", section)]
    assert months == [["2026-03", "Email", "0", "1", "+1"], ["2026-03", "Paid Search", "1", "0", "-1"], ["2026-03", "Untracked", "1", "0", "-1"]], section
    assert "a message that came late: " in section and "1 from Paid Search to Email: a message that came late" in section
    assert "1 from Organic Social to (none): a message that told whose a device is" in section and "bob" not in section
