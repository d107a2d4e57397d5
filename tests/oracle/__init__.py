"""Brute-force reference for the published tables, in plain Python.

It is written from the meaning of the tables, not from the SQL, and shares nothing with it: it sorts
every person's events and walks through them one by one. Slow and plain on purpose; about 50,000
messages take a few seconds.

    rules = Rules.read("seeds")
    tables = compute([first_load, second_load], Settings(), rules)
    tables["attribution"]  # list of dicts, times as naive UTC datetimes
"""

from .erasure import erased, without
from .messages import MESSAGE_COLUMNS, read_messages
from .people import People
from .rules import Rules
from .sessions import build_sessions
from .settings import Settings
from .signups import TOUCH_PARTS, attribute
from .times import write_time
from .touches import add_touches

__all__ = ["COLUMNS", "KEYS", "Rules", "Settings", "compute", "erased", "without"]

SESSION_COLUMNS = (
    "session_id", "alias_id", "landing_page_url", "landing_page_path", "exit_page_url",
    "source", "medium", "campaign", "term", "content", "referrer", "referrer_host",
    "click_id_name", "click_id", "channel",
    "session_number", "event_count", "page_count", "anonymous_id_count", "duration_seconds",
    "is_identified", "is_direct", "is_paid", "is_untracked", "has_signup", "is_first_session", "is_signup_session",
    "session_start", "session_end", "signup_timestamp",
)

# Columns of each table, in order.
COLUMNS = {
    "app_tracks": MESSAGE_COLUMNS,
    "rejected_events": ("message_type", "event_id", "reason", "source_place"),
    "known_pairs": ("anonymous_id", "user_id", "first_seen_at", "last_seen_at"),
    "aliases": ("id", "id_type", "alias_id", "user_count", "first_seen_at", "last_seen_at"),
    "persons_of_users": ("user_id", "alias_id"),
    "unmerged_groups": ("group_id", "reason", "user_id", "linked_user_id", "event_id", "user_count"),
    "all_sessions": SESSION_COLUMNS,
    "touches": (
        "touch_id", "session_id", "alias_id", "source", "medium", "campaign", "term", "content",
        "referrer", "referrer_host", "click_id_name", "click_id", "landing_page_url", "channel",
        "touch_number", "is_direct", "is_paid", "is_untracked", "touch_timestamp",
    ),
    "attribution": (
        "alias_id", "signup_session_id", "blog_url", "first_page_ever_visited", "signup_evidence",
        "session_count_before_signup", "days_to_signup", "signed_up_in_first_session", "signup_timestamp",
        *(f"{touch}_{part}"
          for touch in ("first_touch", "last_touch", "first_attributed_touch", "last_attributed_touch")
          for part in TOUCH_PARTS),
    ),
    "useful_sessions": SESSION_COLUMNS,
}

# Columns that identify a row; rows of a table are sorted by them. Rejected rows may lack an id.
KEYS = {
    "app_tracks": ("message_type", "event_id"),
    "rejected_events": ("message_type", "event_id", "reason", "source_place"),
    "known_pairs": ("anonymous_id", "user_id"),
    "aliases": ("id_type", "id"),
    "persons_of_users": ("user_id",),
    "unmerged_groups": ("group_id", "user_id", "linked_user_id", "event_id"),
    "all_sessions": ("session_id",),
    "touches": ("touch_id",),
    "attribution": ("alias_id",),
    "useful_sessions": ("session_id",),
}

TIME_NAMES = ("_at", "_timestamp", "session_start", "session_end")


def compute(loads, settings, rules, overrides=()):
    """Every published table as of the given loads.

    loads: list of loads in order of arrival, each a dict collection, or (collection, place), -> list of raw rows (dicts by
    Segment column name; a missing column is null; times are datetimes or ISO texts). A single such
    dict is one load. overrides: the rows of identity_overrides. Returns table name -> list of rows (dicts in the order of COLUMNS).
    """
    if isinstance(loads, dict):
        loads = [loads]
    messages, rejected = read_messages(loads, settings, rules)
    said = [(rules.valid_id(row["id_a"]), rules.valid_id(row["id_b"]), row["action"]) for row in overrides]
    people = People(messages, settings, said)
    tables = {name: [] for name in COLUMNS}
    tables["app_tracks"] = messages
    tables["rejected_events"] = rejected
    tables["known_pairs"] = people.known_pairs()
    tables["aliases"] = people.aliases()
    tables["persons_of_users"] = people.persons_of_users()
    tables["unmerged_groups"] = people.unmerged_groups()
    for alias_id, sessions in build_sessions(messages, people, settings).items():
        touches = add_touches(sessions, settings, rules)
        attribution = attribute(alias_id, sessions, touches, settings)
        tables["all_sessions"] += [session for session, _ in sessions]
        tables["touches"] += touches
        if attribution is not None:
            tables["attribution"].append(attribution)
            tables["useful_sessions"] += [
                session for session, _ in sessions
                if session["is_first_session"] or session["is_signup_session"]
            ]
    return {name: publish(name, rows) for name, rows in tables.items()}


def publish(table, rows):
    """Rows with exactly the table's columns, datetimes for times, sorted by key."""
    columns = COLUMNS[table]
    times = {column for column in columns if column.endswith(TIME_NAMES)}
    published = [
        {column: write_time(row[column]) if column in times else row[column] for column in columns}
        for row in rows
    ]
    return sorted(published, key=lambda row: [row[column] or "" for column in KEYS[table]])
