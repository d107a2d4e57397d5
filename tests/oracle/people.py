"""Which person an id belongs to, and everything known about ids."""

from collections import defaultdict
from itertools import groupby


class People:
    """Identity evidence of all accepted messages (any table), which must come in message order.

    overrides: what somebody said of two ids, as (id, other id, action).
    """

    def __init__(self, messages, settings, overrides=()):
        self.policy = settings.identity_policy
        never = {frozenset(ids) for *ids, action in overrides if action == "never_link"}
        self.seen = defaultdict(list)  # (id_type, id) -> times
        self.pair_times = defaultdict(list)  # (anonymous_id, user_id) -> times
        self.links = []  # (user_id, linked user_id, event_id)
        evidence = []  # (time, anonymous_id, user_id) in order
        anonymous_ids = {message["anonymous_id"] for message in messages} - {None}
        for message in messages:
            anonymous_id, user_id, time = message["anonymous_id"], message["user_id"], message["occurred_at"]
            if anonymous_id is not None:
                self.seen["anonymous_id", anonymous_id].append(time)
            if user_id is not None:
                self.seen["user_id", user_id].append(time)
            previous_id = message["previous_id"]
            if previous_id in anonymous_ids:
                anonymous_id = previous_id
            elif previous_id is not None and previous_id != user_id:
                self.links.append((user_id, previous_id, message["event_id"]))
            if anonymous_id is not None and user_id is not None:
                evidence.append((time, anonymous_id, user_id))
        paired = []
        for first, second, action in overrides:
            found = [id_ for id_ in (first, second) if id_ in anonymous_ids]
            if action == "link" and not found:
                self.links.append((min(first, second), max(first, second), None))
            elif action == "link" and len(found) == 1:
                paired.append((min(self.seen["anonymous_id", found[0]]), found[0], second if first == found[0] else first))
        evidence = sorted(sorted(paired) + evidence, key=lambda seen: seen[0])
        self.links = [link for link in self.links if frozenset(link[:2]) not in never]
        users_in_order = defaultdict(list)  # anonymous_id -> [(user_id, time)]
        for time, anonymous_id, user_id in evidence:
            if frozenset((anonymous_id, user_id)) not in never:
                self.pair_times[anonymous_id, user_id].append(time)
                users_in_order[anonymous_id].append((user_id, time))
        self.spans = {anonymous_id: user_spans(seen) for anonymous_id, seen in users_in_order.items()}
        self.person_of, self.unmerged = persons(self.links, first_session_events(messages), settings, never)

    def person(self, user_id):
        """The alias of a user."""
        return self.person_of.get(user_id, user_id)

    def owner(self, anonymous_id, visit_start):
        """Person of an anonymous visit that began then; None where nobody was ever identified."""
        spans = self.spans.get(anonymous_id)
        if not spans:
            return None
        if self.policy == "timeline":
            return self.person(next((user for user, end in spans if end >= visit_start), spans[-1][0]))
        return self.person(self.first_or_last_user(anonymous_id))

    def lasting_owner(self, anonymous_id):
        """Person that a visit after every known message would belong to."""
        spans = self.spans.get(anonymous_id)
        if not spans:
            return None
        return self.person(spans[-1][0] if self.policy == "timeline" else self.first_or_last_user(anonymous_id))

    def first_or_last_user(self, anonymous_id):
        users = {user for user, _ in self.spans[anonymous_id]}
        if self.policy == "first":
            return min(users, key=lambda user: (min(self.pair_times[anonymous_id, user]), user))
        return min(users, key=lambda user: (-max(self.pair_times[anonymous_id, user]), user))

    def known_pairs(self):
        """One row per anonymous id and user ever seen together on one message."""
        return [
            {"anonymous_id": anonymous_id, "user_id": user_id,
             "first_seen_at": min(times), "last_seen_at": max(times)}
            for (anonymous_id, user_id), times in self.pair_times.items()
        ]

    def aliases(self):
        """One row per known id."""
        rows = []
        for (id_type, id_), times in self.seen.items():
            if id_type == "user_id":
                alias_id, user_count = self.person(id_), 1
            else:
                alias_id = self.lasting_owner(id_) or id_
                user_count = len({user for user, _ in self.spans.get(id_, ())})
            rows.append({"id": id_, "id_type": id_type, "alias_id": alias_id,
                         "first_seen_at": min(times), "last_seen_at": max(times), "user_count": user_count})
        return rows

    def persons_of_users(self):
        """One row per user who is linked with others, some of whom may be named by no other message."""
        users = {user for user, other, _ in self.links} | {other for user, other, _ in self.links}
        return [{"user_id": user, "alias_id": self.person(user)} for user in users]

    def unmerged_groups(self):
        """One row per link between users of a group that is not merged."""
        return [
            {"group_id": group[0], "reason": reason, "user_count": len(group), "user_id": user_id,
             "linked_user_id": linked_user_id, "event_id": event_id}
            for group, reason in self.unmerged
            for user_id, linked_user_id, event_id in self.links if user_id in group
        ]


def user_spans(users_in_order):
    """Maximal runs of one user on a device, each as (user, time of its last message)."""
    runs = groupby(users_in_order, key=lambda seen: seen[0])
    return [(user, list(run)[-1][1]) for user, run in runs]


def first_session_events(messages):
    """user -> time of the first session event that names it."""
    first = {}
    for message in messages:
        if message["is_session_event"] and message["user_id"] is not None:
            first.setdefault(message["user_id"], message["occurred_at"])
    return first


def persons(links, first_events, settings, never):
    """user -> alias, for those that links merge with others, and (users, reason) of each group that stays apart."""
    neighbours = defaultdict(set)
    for user, other, *_ in links:
        neighbours[user].add(other)
        neighbours[other].add(user)
    person_of, unmerged, done = {}, [], set()
    for start in neighbours:
        if start in done:
            continue
        group, waiting = {start}, [start]
        while waiting:
            found = neighbours[waiting.pop()] - group
            group |= found
            waiting += found
        done |= group
        if len(group) > settings.max_users_per_person:
            unmerged.append((sorted(group), "too_many_users"))
            continue
        if any(ids <= group for ids in never):
            unmerged.append((sorted(group), "never_link"))
            continue
        alias = min(group, key=lambda user: (user not in first_events, first_events.get(user, 0), user))
        person_of.update(dict.fromkeys(group, alias))
    return person_of, unmerged
