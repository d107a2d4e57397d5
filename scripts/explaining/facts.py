"""Everything stored about one person, one query per kind of row."""

import json
from pathlib import Path

from common.project import read_queries
from database.stored_tables import Tables

queries = read_queries(Path(__file__).with_suffix(".sql"))
SEEDS = {"click_ids": "click_id_name", "referrers": "host_pattern", "excluded_referrers": "domain", "channel_rules": "rule_order"}  # -> key
READ = [
    "app_tracks", "persons_of_users", "identity_spans", "device_owners", "aliases", "device_sessions", "session_visits",
    "touch_evidence", "evidence_classes", "touches", "all_sessions", "attribution",
]


class Common:
    """What all persons share: settings, seeds (name -> key -> row), and how up to date the tables are."""

    def __init__(self, tables: Tables):
        self.applied = tables.rows(queries.applied, READ)[0]
        settings = tables.rows("select name, value from {refresh}.settings where name not like 'seeds/%%'")
        self.settings = {row["name"]: json.loads(row["value"]) for row in settings}
        self.seeds = {name: {row[key]: row for row in tables.rows(f"select * from {{seeds}}.{name}")} for name, key in SEEDS.items()}


def persons_of(tables: Tables, text: str) -> list[dict]:
    """The rows of aliases with this id, a user first: none, one, or two when a user and a device have the same id."""
    return tables.rows(queries.persons, text)


def facts_of(tables: Tables, common: Common, alias_id: str) -> dict[str, list[dict]]:
    """Name -> rows of everything stored about a person."""
    facts = {
        "ids": tables.rows(queries.ids, alias_id, alias_id, alias_id), "visits": tables.rows(queries.visits, alias_id),
        "sessions": tables.rows(queries.sessions, alias_id), "touches": tables.rows(queries.touches, alias_id),
        "evidence": tables.rows(queries.evidence, alias_id), "attribution": tables.rows(queries.attribution, alias_id),
    }
    facts["restatements"] = tables.rows(queries.restatements, sorted({alias_id, *(row["id"] for row in facts["ids"])}))
    devices = [row["id"] for row in facts["ids"] if row["id_type"] == "anonymous_id"]
    facts["pairs"] = tables.rows(queries.pairs, devices) if devices else []
    facts["owners"] = tables.rows(queries.owners, devices) if devices else []
    moments = {row[name] for row in facts["pairs"] for name in ("first_seen_at", "last_seen_at")}
    moments |= {row["span_start"] for row in facts["owners"]} - {None}
    times = sorted(moments)
    facts["identifying"] = tables.rows(queries.identifying, *[times, devices] * 3) if times else []
    users = [row["id"] for row in facts["ids"] if row["id_type"] == "user_id"]
    own = [row["id"] for row in facts["ids"]]
    facts["overrides"] = tables.rows(queries.overrides, own, own) if own else []
    facts["groups"] = tables.rows(queries.groups, users) if users else []
    facts["links"] = tables.rows(queries.links, users, users) if facts["groups"] else []
    visitors = {(visit["anonymous_id"], visit["user_id"]) for visit in facts["visits"]}
    facts["signups"] = [
        message for row in facts["attribution"]
        for message in tables.rows(queries.signup_messages, row["signup_timestamp"], *[common.settings["signup_events"]] * 2)
        if (message["anonymous_id"] or "", message["user_id"] or "") in visitors
    ]
    return facts
