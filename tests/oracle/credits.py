"""Credit of several touches by brute force.

It is shared as the descriptions of the models say, person by person. Removal effects are found by removing each channel in turn and solving
the chain again.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

NOBODY = "(unattributed)"
DAY = timedelta(days=1)
RULES = ("first", "last", "last_non_direct", "first_paid", "last_paid", "linear", "position", "time_decay", "shapley")

@dataclass(frozen=True)
class Options:
    """The variables of the project that only the folder reporting reads."""

    position_first_share: float = 0.4
    position_last_share: float = 0.4
    time_decay_half_life_days: float = 7
    report_timezone: str = "UTC"
    reporting_currency: str | None = None


class Signups:
    """Who signed up, with the touches that count for them in order."""

    def __init__(self, tables, settings):
        self.rows = {row["alias_id"]: row for row in tables["attribution"]}
        self.counting = defaultdict(list)
        self.touches = defaultdict(list)
        days = settings.attribution_lookback_days
        for touch in sorted(tables["touches"], key=lambda touch: touch["touch_number"]):
            self.touches[touch["alias_id"]].append(touch)
            signup = self.rows.get(touch["alias_id"])
            if signup is None or touch["touch_timestamp"] <= signup["signup_timestamp"] and (
                    days is None or touch["touch_timestamp"] >= signup["signup_timestamp"] - timedelta(days=days)):
                self.counting[touch["alias_id"]].append(touch)


def shares(model, touches, signed_up_at, settings, options) -> list[float]:
    """Share of each touch in the credit, before they are scaled to add up to 1; all 0 if none gets any."""
    count = len(touches)
    one = [0.0] * count

    def only(places):
        chosen = list(one)
        if places:
            chosen[places[0]] = 1.0
        return chosen

    paid = [n for n, touch in enumerate(touches) if touch["is_paid"] or touch["channel"] in settings.attributed_channels]
    indirect = [n for n, touch in enumerate(touches) if not (touch["is_direct"] or touch["is_untracked"])]
    if model in ("first", "last", "first_paid", "last_paid", "last_non_direct"):
        among = {"first_paid": paid, "last_paid": paid, "last_non_direct": indirect or list(range(count))}.get(
            model, list(range(count)))
        return only(among if model.startswith("first") else among[::-1])
    if model == "linear":
        return [1.0] * count
    if model == "position":
        if count == 1:
            return [1.0]
        ends = options.position_first_share, options.position_last_share
        middle = [(1 - sum(ends)) / (count - 2)] * (count - 2) if count > 2 else []
        return [ends[0], *middle, ends[1]]
    if model == "time_decay":
        return [0.5 ** min((signed_up_at - touch["touch_timestamp"]) / DAY / options.time_decay_half_life_days, 100)
                for touch in touches]
    channels = Counter(touch["channel"] for touch in touches)
    return [1 / len(channels) / channels[touch["channel"]] for touch in touches]  # shapley


def credit_rows(signups, settings, options, effects):
    """touch_credits."""
    rows = []
    for alias_id, signup in signups.rows.items():
        touches, at = signups.counting[alias_id], signup["signup_timestamp"]
        for model in (*RULES, "markov"):
            if model == "markov":
                weights = [effects[touch["channel"]] for touch in touches]
            else:
                weights = shares(model, touches, at, settings, options)
            total = sum(weights)
            given = [(touch, weight / total) for touch, weight in zip(touches, weights) if weight]
            for touch, credit in given or [(None, 1.0)]:
                taken = ("touch_id", "session_id", "channel", "source", "medium", "campaign", "term", "content", "touch_number", "touch_timestamp")
                row = {column: touch[column] for column in taken} if touch else {
                    **dict.fromkeys(taken), **dict.fromkeys(("touch_id", "channel", "source", "medium"), NOBODY), "touch_number": 0}
                rows.append({**row, "alias_id": alias_id, "model": model, "credit": credit, "signup_timestamp": at})
    return rows


def path_rows(signups):
    """person_paths."""
    rows = []
    for alias_id in signups.touches:
        touches = signups.counting[alias_id]
        signup = signups.rows.get(alias_id)
        rows.append({
            "alias_id": alias_id, "touch_count": len(touches), "has_signup": signup is not None,
            "path": [channel for channel, _ in groupby(touch["channel"] for touch in touches)] or [NOBODY],
            "signup_timestamp": signup and signup["signup_timestamp"]})
    return rows


def solve(matrix, right):
    """x of matrix x = right, by elimination with row exchanges."""
    size = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right)]
    for k in range(size):
        best = max(range(k, size), key=lambda i: abs(rows[i][k]))
        rows[k], rows[best] = rows[best], rows[k]
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k])]
    solution = [0.0] * size
    for k in reversed(range(size)):
        solution[k] = (rows[k][-1] - sum(rows[k][j] * solution[j] for j in range(k + 1, size))) / rows[k][k]
    return solution


def removal_effects(signups) -> dict[str, float]:
    """Channel -> removal effect, from the whole paths with their repetitions; empty without a sign-up that has a touch."""
    moves = defaultdict(Counter)
    for alias_id, touches in signups.counting.items():
        if touches:
            steps = ["start", *(touch["channel"] for touch in touches), "signup" if alias_id in signups.rows else "end"]
            for state, after in zip(steps, steps[1:]):
                moves["start" if state == "start" else ("channel", state)][
                    after if after in ("signup", "end") else ("channel", after)] += 1

    def chance(removed=None):
        states = [state for state in moves if state != removed]
        matrix = [[(state == after) - moves[state][after] / sum(moves[state].values()) for after in states] for state in states]
        right = [moves[state]["signup"] / sum(moves[state].values()) for state in states]
        return dict(zip(states, solve(matrix, right)))["start"]

    if not moves or not chance():
        return {}
    whole = chance()
    return {state[1]: 1 - chance(state) / whole for state in moves if state != "start"}


def channel_credit_rows(credits, effects, signups):
    """channel_credits."""
    totals = defaultdict(float)
    for row in credits:
        if row["model"] != "markov":
            totals[row["model"], row["channel"]] += row["credit"]
    with_touch = sum(bool(signups.counting[alias_id]) for alias_id in signups.rows)
    for channel, effect in effects.items():
        totals["markov", channel] = effect / sum(effects.values()) * with_touch
    if with_touch < len(signups.rows):
        totals["markov", NOBODY] = len(signups.rows) - with_touch
    return [{"model": model, "channel": channel, "signups": amount, "share_of_signups": amount / len(signups.rows),
             "removal_effect": effects.get(channel) if model == "markov" else None}
            for (model, channel), amount in totals.items()]
