"""Which user an anonymous id belongs to, and everything known about ids."""

from collections import defaultdict
from itertools import groupby


class People:
    """Identity evidence of all accepted messages (any table), which must come in message order."""

    def __init__(self, messages, policy):
        self.policy = policy
        self.seen = defaultdict(list)  # (id_type, id) -> times
        self.pair_times = defaultdict(list)  # (anonymous_id, user_id) -> times
        users_in_order = defaultdict(list)  # anonymous_id -> [(user_id, time)]
        for message in messages:
            anonymous_id, user_id, time = message["anonymous_id"], message["user_id"], message["occurred_at"]
            if anonymous_id is not None:
                self.seen["anonymous_id", anonymous_id].append(time)
            if user_id is not None:
                self.seen["user_id", user_id].append(time)
            if anonymous_id is not None and user_id is not None:
                self.pair_times[anonymous_id, user_id].append(time)
                users_in_order[anonymous_id].append((user_id, time))
        self.spans = {anonymous_id: user_spans(seen) for anonymous_id, seen in users_in_order.items()}

    def owner(self, anonymous_id, visit_start):
        """User of an anonymous visit that began then; None where nobody was ever identified."""
        spans = self.spans.get(anonymous_id)
        if not spans:
            return None
        if self.policy == "timeline":
            return next((user for user, end in spans if end >= visit_start), spans[-1][0])
        return self.first_or_last_user(anonymous_id)

    def lasting_owner(self, anonymous_id):
        """User that a visit after every known message would belong to."""
        spans = self.spans.get(anonymous_id)
        if not spans:
            return None
        return spans[-1][0] if self.policy == "timeline" else self.first_or_last_user(anonymous_id)

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
                alias_id, user_count = id_, 1
            else:
                alias_id = self.lasting_owner(id_) or id_
                user_count = len({user for user, _ in self.spans.get(id_, ())})
            rows.append({"id": id_, "id_type": id_type, "alias_id": alias_id,
                         "first_seen_at": min(times), "last_seen_at": max(times), "user_count": user_count})
        return rows


def user_spans(users_in_order):
    """Maximal runs of one user on a device, each as (user, time of its last message)."""
    runs = groupby(users_in_order, key=lambda seen: seen[0])
    return [(user, list(run)[-1][1]) for user, run in runs]
