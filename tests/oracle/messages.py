"""From raw rows to messages: one per id and table, with one time, and those that cannot be used."""

from .settings import microseconds
from .times import read_time

SESSION_COLLECTIONS = ("tracks", "pages", "screens")
COLLECTIONS = SESSION_COLLECTIONS + ("identifies", "aliases")

MESSAGE_COLUMNS = (
    "message_type", "event_id", "anonymous_id", "user_id", "previous_id", "event_name",
    "event_display_name",
    "page_url", "page_path", "page_title", "page_referrer", "page_search",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
    "user_agent", "ip", "is_session_event", "is_clock_corrected",
    "occurred_at", "received_at", "loaded_at", "source_place",
)
WHITE_SPACE = " \t\n\r\f\v"


def first_text(row, *columns):
    """The first of the columns that is neither null nor empty."""
    return next((row[column] for column in columns if row.get(column) not in (None, "")), None)


def first_filled(row, *columns):
    """The first of the columns that is more than white space, without the white space around it."""
    return next((text for column in columns if (text := (row.get(column) or "").strip(WHITE_SPACE))), None)


def first_time(row, *columns):
    """The first of the columns that holds a time, in microseconds."""
    times = (read_time(row.get(column)) for column in columns)
    return next((time for time in times if time is not None), None)


def collection_of(key):
    """A load's rows are listed under a collection, or under (collection, place): where they were read."""
    return key if isinstance(key, tuple) else (key, f"segment.{key}")


def read_message(collection, place, row, settings, rules):
    """One raw row as a message; unusable ones have no event_id, no identity or no occurred_at."""
    message = dict.fromkeys(MESSAGE_COLUMNS)
    message["source_place"] = place
    message["message_type"] = collection
    message["event_id"] = rules.valid_id(row.get("id"))
    message["user_id"] = rules.valid_id(row.get("user_id"))
    if collection == "aliases":
        message["previous_id"] = rules.valid_id(row.get("previous_id"))
    else:
        message["anonymous_id"] = rules.valid_id(row.get("anonymous_id"))
    if collection in SESSION_COLLECTIONS:
        read_page(message, collection, row)
    read_times(message, row, settings)
    message["is_session_event"] = collection in SESSION_COLLECTIONS and not is_named(message, settings.ignored_events)
    return message


def is_named(message, names):
    """Whether one of the two names of a message is in a list."""
    return message["event_name"] in names or message["event_display_name"] in names


def read_page(message, collection, row):
    if collection == "tracks":
        message["event_name"] = first_text(row, "event", "event_text")
        other_name = first_text(row, "event_text")
        message["event_display_name"] = other_name if other_name != message["event_name"] else None
    else:
        message["event_name"] = first_text(row, "name")
    for part in ("url", "path", "title", "referrer", "search"):
        own_column = () if collection == "tracks" else (part,)
        first = first_filled if part in ("url", "referrer") else first_text
        message[f"page_{part}"] = first(row, *own_column, f"context_page_{part}")
    for column, raw in (("source", "source"), ("medium", "medium"), ("campaign", "name"),
                        ("term", "term"), ("content", "content")):
        message[f"utm_{column}"] = first_text(row, f"context_campaign_{raw}")
    message["user_agent"] = row.get("context_user_agent")
    message["ip"] = row.get("context_ip")


def read_times(message, row, settings):
    received_at = first_time(row, "received_at")
    occurred_at = first_time(row, "timestamp", "original_timestamp", "sent_at", "received_at")
    message["is_clock_corrected"] = (
        occurred_at is not None
        and received_at is not None
        and is_beyond_belief(occurred_at, received_at, settings)
    )
    if message["is_clock_corrected"]:
        occurred_at = received_at
    loaded_at = first_time(row, "uuid_ts", "loaded_at", "received_at")
    message["occurred_at"] = occurred_at
    message["received_at"] = occurred_at if received_at is None else received_at
    message["loaded_at"] = occurred_at if loaded_at is None else loaded_at


def is_beyond_belief(occurred_at, received_at, settings):
    """Whether a client's clock is further ahead of the server's, or further behind it, than it may be."""
    if occurred_at - received_at > microseconds(settings.max_clock_skew_minutes, 60):
        return True
    oldest = settings.max_event_age_days
    return oldest is not None and received_at - occurred_at > microseconds(oldest, 86400)


def nulls_last(value):
    return (value is None, 0 if value is None else value)


def copy_order(load_number, message):
    """Of several copies the smallest counts: by load, load time, time received, then the other columns, the place last."""
    others = [column for column in MESSAGE_COLUMNS if column not in ("loaded_at", "received_at")]
    columns = ["loaded_at", "received_at", *others]
    return (load_number, [nulls_last(message[column]) for column in columns])


def identity_of_message(message):
    """Copies share it: table and id, or the whole content where there is no id, whatever the other name of the event."""
    if message["event_id"] is None:
        apart = ("source_place", "event_display_name", "is_session_event")
        return tuple(value for column, value in message.items() if column not in apart)
    return (message["message_type"], message["event_id"])


def reject_reason(message):
    if message["event_id"] is None:
        return "missing_event_id"
    if message["anonymous_id"] is None and message["user_id"] is None:
        return "missing_identity"
    if message["occurred_at"] is None:
        return "missing_timestamp"
    return None


def counted_messages(loads, settings, rules):
    """Loads in order of arrival -> what identifies a message -> the copy of it that counts."""
    chosen = {}
    for load_number, load in enumerate(loads):
        for key, rows in load.items():
            collection, place = collection_of(key)
            for row in rows or ():
                message = read_message(collection, place, row, settings, rules)
                key = identity_of_message(message)
                order = copy_order(load_number, message)
                if key not in chosen or order < chosen[key][0]:
                    chosen[key] = (order, message)
    return {key: message for key, (_, message) in chosen.items()}


def read_messages(loads, settings, rules):
    """Loads in order of arrival -> (accepted messages, rejected rows), copies removed from both."""
    accepted, rejected = [], []
    for message in counted_messages(loads, settings, rules).values():
        reason = reject_reason(message)
        if reason is None:
            accepted.append(message)
        else:
            rejected.append({**{name: message[name] for name in ("message_type", "event_id", "source_place")}, "reason": reason})
    accepted.sort(key=message_order)
    return accepted, rejected


def message_order(message):
    """First and last always mean this order."""
    return (message["occurred_at"], message["event_id"], message["message_type"])
