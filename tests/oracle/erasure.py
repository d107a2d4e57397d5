"""What belongs to a person who is to be erased, and the loads and overrides without it."""

from dataclasses import dataclass

from .messages import collection_of, counted_messages, identity_of_message, message_order, read_message, reject_reason
from .people import People
from .sessions import group_by, split_at_gaps
from .settings import microseconds


@dataclass(frozen=True)
class Erased:
    """messages: what identifies each of them. ids: those that nobody else has. overrides: those that name one of these ids."""

    messages: frozenset
    ids: frozenset
    overrides: frozenset

    def of_others(self, rows, rules):
        """Rows of identity_overrides without the erased ones."""
        return [row for row in rows if override_of(row, rules) not in self.overrides]


def override_of(row, rules):
    """What a row of identity_overrides says, whatever the order of its ids."""
    return frozenset({rules.valid_id(row["id_a"]), rules.valid_id(row["id_b"])}), row["action"]


def erased(loads, ids, settings, rules, overrides=()):
    """What belongs to the persons with these ids, each taken for a user's if it is one, else for an anonymous id."""
    counted = counted_messages(loads, settings, rules)
    accepted = sorted((message for message in counted.values() if reject_reason(message) is None), key=message_order)
    people = People(accepted, settings, [(*said, action) for said, action in (override_of(row, rules) for row in overrides)])
    alias_of = {(row["id_type"], row["id"]): row["alias_id"] for row in people.aliases()}
    persons = {alias_of.get(("user_id", id_), alias_of.get(("anonymous_id", id_))) for id_ in ids} - {None}
    users = {id_ for (id_type, id_), alias_id in alias_of.items() if id_type == "user_id" and alias_id in persons}
    owners = owners_of_messages(accepted, people, settings)
    devices = {message["anonymous_id"] for message, alias_id in owners if alias_id in persons} - {None}
    others = {
        message[column] for message in accepted for column in ("anonymous_id", "previous_id")
        if message["user_id"] is not None and message["user_id"] not in users
    }
    others |= {device for device, spans in people.spans.items() if any(user not in users for user, _ in spans)}
    # an override may keep the person from having a device
    others |= {device for device in devices if (people.lasting_owner(device) or device) not in persons}
    own = users | (devices - others)
    is_theirs = {identity_of_message(message): alias_id in persons for message, alias_id in owners}

    def is_erased(key, message):
        if message["user_id"] in users or message["anonymous_id"] in devices - others:
            return True
        if message["previous_id"] in own and reject_reason(message) is None:  # a rejected message is stored without it
            return True
        if message["user_id"] is not None or message["anonymous_id"] not in devices or message["occurred_at"] is None:
            return False
        return is_theirs[key] if key in is_theirs else (people.owner(message["anonymous_id"], message["occurred_at"]) or message["anonymous_id"]) in persons

    return Erased(
        frozenset(key for key, message in counted.items() if is_erased(key, message)), frozenset(own),
        frozenset(said for said in (override_of(row, rules) for row in overrides) if said[0] & own))


def owners_of_messages(messages, people, settings):
    """Pairs of a message and the alias that it belongs to."""
    pairs = []
    for (anonymous_id, user_id), own in group_by(messages, lambda m: (m["anonymous_id"], m["user_id"])).items():
        if user_id is not None:
            pairs += [(message, people.person(user_id)) for message in own]
            continue
        visits = split_at_gaps([message for message in own if message["is_session_event"]], microseconds(settings.session_gap_minutes, 60))
        bounds = [(visit[0]["occurred_at"], visit[-1]["occurred_at"]) for visit in visits]
        for message in own:
            time = message["occurred_at"]
            begun = next((start for start, end in bounds if start <= time <= end), time)
            pairs.append((message, people.owner(anonymous_id, begun) or anonymous_id))
    return pairs


def without(loads, gone, settings, rules):
    """The loads without the messages of erased persons."""
    return [{
        key: [row for row in rows or () if identity_of_message(read_message(*collection_of(key), row, settings, rules)) not in gone.messages]
        for key, rows in load.items()
    } for load in loads]
