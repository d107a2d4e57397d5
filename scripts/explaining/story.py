"""A person's story from what is stored about them: each id, session and touch with its evidence, and the reason for it.

Pure: facts (facts.py) in, a mapping out that --json prints unchanged. The rules are not applied again here: what
they decided is stored, and reasons.j2 puts it into words.
"""

import re
from datetime import timedelta

from common.errors import RefreshError, escaped, said
from database.stored_tables import UNKNOWN_ID, Tables
from explaining.attribution import attribution_story, reason_to_count
from explaining.facts import Common, facts_of, persons_of
from explaining.words import KINDS, reason

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MESSAGE = ("message_type", "event_id", "occurred_at")

NOBODY = 1  # exit code


def story_of(common: Common, asked: dict, facts: dict[str, list[dict]]) -> dict:
    """The whole story of a person. asked: the row of aliases that was asked for."""
    touches = touch_stories(common, facts)
    attribution = facts["attribution"][0] if facts["attribution"] else None
    for touch in touches:
        touch["counts"], touch["counts_because"] = reason_to_count(touch, attribution, common.settings)
    return {
        "asked_for": asked["id"],
        "alias_id": asked["alias_id"],
        "is_identified": any(row["is_identified"] for row in facts["sessions"]) or any(
            row["id_type"] == "user_id" and row["alias_id"] == asked["alias_id"] for row in facts["ids"]),
        "tables": common.applied,
        "settings": common.settings,
        "notes": notes(common, asked, facts),
        "ids": [id_story(row, asked["alias_id"], common, facts) for row in facts["ids"]],
        "sessions": [session_story(row, facts) for row in facts["sessions"]],
        "touches": touches,
        "attribution": attribution and attribution_story(attribution, touches, common.settings, facts),
        "restatements": facts["restatements"],
    }


def notes(common: Common, asked: dict, facts) -> list[str]:
    """What the reader has to know first."""
    found = []
    if asked["id"] != asked["alias_id"]:
        found.append(f"{said(asked['id'])} is {KINDS[asked['id_type']]} of the person {said(asked['alias_id'])}.")
    others = sorted({row["alias_id"] for row in facts["pairs"] if row["alias_id"] != asked["alias_id"]})
    if others:
        shown = ", ".join(map(said, others[:10])) + (f" and {len(others) - 10} more" if len(others) > 10 else "")
        found.append(f"Devices are shared with other persons ({shown}): each device below says who owns its visits.")
    if common.applied["oldest_batch_id"] != common.applied["newest_batch_id"]:
        found.append("A refresh is running, has failed or was of some models only: the tables may not agree yet.")
    if not facts["sessions"]:
        found.append("This person has no visits: only messages that say who somebody is, or events that are ignored.")
    return found


def id_story(row: dict, alias_id: str, common: Common, facts) -> dict:
    """One id of the person and how it came to be theirs."""
    visit_count = sum(visit[row["id_type"]] == row["id"] for visit in facts["visits"])
    overrides = [one for one in facts["overrides"] if row["id"] in (one["id_a"], one["id_b"])]
    found = {**row, "visit_count": visit_count, "users": [], "owners": [], "overrides": overrides}
    if row["id_type"] == "user_id":
        found["links"] = [link for link in facts["links"] if row["id"] in (link["user_id"], link["linked_user_id"])]
        group = next((group for group in facts["groups"] if group["user_id"] == row["id"]), None)
        found["because"] = reason("user", user_id=row["id"], group=group, links=found["links"])
        return found
    pairs = [pair for pair in facts["pairs"] if pair["anonymous_id"] == row["id"]]
    found["users"] = [{**pair, "message": identifying(facts, pair, pair["first_seen_at"])} for pair in pairs]
    owners = [owner for owner in facts["owners"] if owner["anonymous_id"] == row["id"]]
    found["owners"] = [owner_story(owner, common, facts) for owner in owners]
    never = [one["id_b"] if one["id_a"] == row["id"] else one["id_a"] for one in overrides if one["action"] == "never_link"]
    owned = [owner for owner in found["owners"] if owner["alias_id"] == alias_id]
    found["because"] = reason("device", pairs=pairs, never=never, owned=owned)
    return found


def owner_story(owner: dict, common: Common, facts) -> dict:
    """Who owns the visits without a user in a period of a device, and by which message."""
    pair = next(one for one in facts["pairs"] if all(one[name] == owner[name] for name in ("anonymous_id", "user_id")))
    policy = common.settings["identity_policy"]
    at = {"timeline": owner["span_start"], "first": pair["first_seen_at"], "last": pair["last_seen_at"]}[policy]
    message = identifying(facts, owner, at)
    is_override = any(one["effect"] == "pair" and {one["id_a"], one["id_b"]} == {owner["anonymous_id"], owner["user_id"]}
                      for one in facts["overrides"])
    because = reason("owner", owner=owner, policy=policy, message=message, at=at, is_override=is_override)
    return {**owner, "policy": policy, "message": message, "because": because}


def identifying(facts, pair: dict, at) -> dict | None:
    """The message at this time that has an anonymous id together with a user id; of several, the one with the smallest id."""
    wanted = (pair["anonymous_id"], pair["user_id"], at)
    return next(({name: one[name] for name in MESSAGE} for one in facts["identifying"]
                 if (one["anonymous_id"], one["user_id"], one["occurred_at"]) == wanted), None)


def session_story(row: dict, facts) -> dict:
    """A session with the visits that were merged into it."""
    columns = ("anonymous_id", "user_id", "visit_start", "visit_end", "event_count", "page_count")
    visits = [{name: visit[name] or None if name.endswith("_id") else visit[name] for name in columns}
              for visit in facts["visits"] if visit["session_number"] == row["session_number"]]
    return {**row, "visits": visits}


def touch_stories(common: Common, facts) -> list[dict]:
    """Each touch with its evidence and what the rules derived from it."""
    window, seeds = timedelta(seconds=common.settings["entry_window_seconds"]), common.seeds
    stories = []
    for touch in facts["touches"]:
        session = next((row for row in facts["sessions"] if row["session_id"] == touch["session_id"]
                        and row["session_start"] <= touch["touch_timestamp"] <= row["session_end"]), None)
        number = session and session["session_number"]
        in_session = [row for row in facts["evidence"] if row["session_number"] == number]
        is_entry = session is not None and touch["touch_timestamp"] == session["session_start"]
        story = {
            **touch, "session_number": number, "is_entry": is_entry, "evidence": None, "excluded": [],
            # the seed rows that decided; None if none did, or if the row no longer exists
            "click_id_row": seeds["click_ids"].get(touch["click_id_name"]), "referrer_row": seeds["referrers"].get(touch["referrer_pattern"]),
            "category_row": seeds["referrers"].get(touch["category_pattern"]),
            "channel_rule": seeds["channel_rules"].get(touch["channel_rule_order"]),
        }
        if not touch["has_evidence"]:
            seen = [row for row in in_session if row["occurred_at"] <= touch["touch_timestamp"] + window]
            story["excluded"] = [{**message_of(row), "referrer": row["referrer"], "row": seeds["excluded_referrers"].get(row["excluded_domain"])}
                                 for row in seen if is_excluded(row)]
        else:
            same = [row for row in in_session if row["combination_id"] == touch["combination_id"]]
            told = [row for row in same if is_entry or row["event_id"] == touch["touch_id"]]
            story["evidence"] = {**message_of(told[0]), **{name: told[0][name] for name in UTM}} if told else None
        visits = [visit for visit in facts["visits"] if visit["session_number"] == number]
        story["source_because"] = reason("source", touch=story, visits=visits, settings=common.settings)
        stories.append({**story, "channel_because": reason("channel", touch=story), "paid_because": reason("paid", touch=story)})
    return stories


def is_excluded(row: dict) -> bool:
    """Whether the referrer does not count as evidence on this page."""
    path = re.sub("^([a-z][a-z0-9+.-]*:)?//[^/?#]*|[?#].*", "", (row["page_url"] or "").lower(), flags=re.DOTALL) + "/"
    is_here = not row["return_paths"] or re.search(row["return_paths"], path) is not None
    return row["excluded_domain"] is not None and is_here


def message_of(row: dict) -> dict:
    return {**{name: row[name] for name in MESSAGE}, "page_url": row["page_url"]}


def explain(tables: Tables, text: str, common: Common | None = None) -> dict:
    """The story of the person with this id. Raises RefreshError for nobody.

    common: what is the same for all persons, if it was read before.
    """
    found = persons_of(tables, text)
    if not found:
        raise RefreshError(UNKNOWN_ID.format(said(escaped(text))), NOBODY)
    common = common or Common(tables)
    story = story_of(common, found[0], facts_of(tables, common, found[0]["alias_id"]))
    if len({row["alias_id"] for row in found}) > 1:
        story["notes"].insert(0, f"{said(text)} is an anonymous id too, of the person {said(found[1]['alias_id'])}.")
    return story
