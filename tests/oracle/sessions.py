"""Sessions, event by event: sort, and start a new one wherever the pause is longer than the gap."""

from collections import defaultdict

from .messages import is_named, message_order
from .settings import microseconds
from .urls import path_of


def split_at_gaps(events, gap):
    """Events in order -> lists of events, no two neighbours of one list further apart than the gap."""
    groups = []
    for event in events:
        if groups and event["occurred_at"] - groups[-1][-1]["occurred_at"] <= gap:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def group_by(rows, key):
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def events_of_aliases(messages, people, gap):
    """alias -> its session events in order, and the set of aliases that some visit has as its user."""
    events = [message for message in messages if message["is_session_event"]]
    alias_events, identified = defaultdict(list), set()
    for (anonymous_id, user_id), own in group_by(events, lambda e: (e["anonymous_id"], e["user_id"])).items():
        for visit in split_at_gaps(sorted(own, key=message_order), gap):
            user = people.person(user_id) if user_id is not None else people.owner(anonymous_id, visit[0]["occurred_at"])
            if user is not None:
                identified.add(user)
            alias_events[user if user is not None else anonymous_id] += visit
    for own in alias_events.values():
        own.sort(key=message_order)
    return alias_events, identified


def build_sessions(messages, people, settings):
    """alias -> list of (session row without its touch columns, events of the session), in order."""
    gap = microseconds(settings.session_gap_minutes, 60)
    alias_events, identified = events_of_aliases(messages, people, gap)
    result = {}
    for alias_id, own in alias_events.items():
        sessions, signed_up_before = [], False
        for number, events in enumerate(split_at_gaps(own, gap), start=1):
            row = session_row(events, settings)
            row.update(
                alias_id=alias_id,
                session_number=number,
                is_identified=alias_id in identified,
                is_first_session=number == 1,
                is_signup_session=row["has_signup"] and not signed_up_before,
            )
            signed_up_before = signed_up_before or row["has_signup"]
            sessions.append((row, events))
        result[alias_id] = sessions
    return result


def is_seen(event):
    """Whether a browser or app took part in the event."""
    is_page = event["message_type"] in ("pages", "screens")
    has_agent = bool((event["user_agent"] or "").strip(" "))
    return is_page or event["page_url"] is not None or event["page_referrer"] is not None or has_agent


def session_row(events, settings):
    """What can be told from the events of one session alone."""
    start, end = events[0]["occurred_at"], events[-1]["occurred_at"]
    urls = [event["page_url"] for event in events if event["page_url"] is not None]
    signups = [event["occurred_at"] for event in events if is_named(event, settings.signup_events)]
    landing_page_url = urls[0] if urls else None
    return {
        "session_id": events[0]["event_id"],
        "landing_page_url": landing_page_url,
        "landing_page_path": path_of(landing_page_url),
        "exit_page_url": urls[-1] if urls else None,
        "event_count": len(events),
        "page_count": sum(event["message_type"] in ("pages", "screens") for event in events),
        "anonymous_id_count": len({event["anonymous_id"] for event in events} - {None}),
        "duration_seconds": float(end - start) / 1_000_000,
        "is_seen": any(map(is_seen, events)),
        "has_signup": bool(signups),
        "session_start": start,
        "session_end": end,
        "signup_timestamp": signups[0] if signups else None,
    }
