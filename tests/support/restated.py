"""Whether the log of restatements adds up: what was published, with the log applied, is what is published later."""

from collections import Counter
from datetime import datetime
from decimal import Decimal

CAUSES = {"late_message", "new_identity", "link_or_override", "rule", "setting", "erasure", "other"}
EXISTS = "exists"
ERASED = "(erased)"  # what others' rows have in place of what was in an erased message


def written(value) -> str | None:
    """A value of a published table as the log writes it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(value).rstrip("0") if value.microsecond else str(value)
    if isinstance(value, (float, Decimal)):
        return repr(float(value)).removesuffix(".0")
    return str(value)


def facts(engine) -> dict[str, dict[str, str]]:
    """Id of each published conversion -> fact -> value, those without a value left out."""
    return {
        row["alias_id"]: {EXISTS: "true", **{name: written(value) for name, value in row.items() if name != "alias_id" and value is not None}}
        for row in engine.fetch("sessions.attribution")}


def log(engine, after: int = 0) -> list[dict]:
    """The restatements of later batches than this one, in their order."""
    rows = engine.database.query(f"select * from refresh.restatements where batch_id > {after} order by batch_id, restated_at")
    for row in rows:
        if row["cause"] == "erasure":
            assert not any(row[name] for name in ("alias_id", "conversion_id", "cause_detail")) and row["fact"] == EXISTS, row
            continue
        assert row["conversion_name"] == "signup" and row["conversion_id"] and row["alias_id"], row
        assert (row["old_value"] != row["new_value"] or row["old_value"] == ERASED) and row["cause"] in CAUSES, row
    return [row for row in rows if row["cause"] != "erasure"]


def newest_batch(engine) -> int:
    return engine.database.query("select max(batch_id) as batch_id from refresh.batches")[0]["batch_id"]


class History:
    """What was published after each of several refreshes: `add` after each of them checks what it logged."""

    def __init__(self, engine):
        self.engine, self.states, self.seen = engine, [], set()

    def add(self) -> list[dict]:
        """Check the log since the last time, and since the first time. Returns the rows since the last time."""
        with self.engine.database.connected():
            now, batch_id = facts(self.engine), newest_batch(self.engine)
            rows = log(self.engine, self.states[-1][0] if self.states else 0)
            if self.states:
                check(self.states[0][1], log(self.engine, self.states[0][0]), now)
                first_published = now.keys() - check(self.states[-1][1], rows, now).keys()
                assert not first_published & self.seen, "published before, and neither restated nor as it was"
            else:
                assert not rows
            self.check_channels(now)
        self.states.append((batch_id, now))
        self.seen |= now.keys()
        return rows

    def forget(self):
        """After an erasure: whoever is neither published nor logged any more was erased, and nobody else changed."""
        with self.engine.database.connected():
            now, (count,) = facts(self.engine), self.engine.database.query("select count(*) as n from refresh.restatements where cause = 'erasure'")[0].values()
            left = now.keys() | {row["conversion_id"] for row in log(self.engine)}
            (_, before), gone = self.states[-1], self.seen - left
            assert now == {conversion: each for conversion, each in before.items() if conversion not in gone} and len(before) - len(now) == count
            self.check_channels(now)
        self.leave_out(gone)

    def leave_out(self, gone: set[str]):
        """Stop expecting anything of erased conversions."""
        self.states = [(batch_id, {conversion: each for conversion, each in published.items() if conversion not in gone})
                       for batch_id, published in self.states]
        self.seen -= gone

    def check_channels(self, now):
        """The changes of channels add up to what is published."""
        names = ("signup_timestamp", "first_touch_channel", "last_touch_channel")
        counted = self.engine.database.query(
            "select converted_at, first_touch_channel, last_touch_channel, sum(change) as change from refresh.channel_changes "
            "group by converted_at, first_touch_channel, last_touch_channel having sum(change) != 0")
        expected = Counter(tuple(each.get(name) for name in names) for each in now.values())
        assert {tuple(map(written, row.values()))[:3]: row["change"] for row in counted} == expected


def check(before: dict, rows: list[dict], now: dict) -> dict:
    """Apply a log to what was published before. Returns what has to be as it says; the rest of `now` was first published since."""
    state = {conversion: dict(each) for conversion, each in before.items()}
    first_change = {row["conversion_id"]: row["old_value"] for row in reversed(rows) if row["fact"] == EXISTS}
    known = before.keys() | {conversion for conversion, existed in first_change.items() if existed == "false"}
    for row in rows:
        if row["conversion_id"] in known:
            each, absent = state.setdefault(row["conversion_id"], {}), "false" if row["fact"] == EXISTS else None
            assert each.get(row["fact"], absent) == row["old_value"] or ERASED in (each.get(row["fact"]), row["old_value"]), row
            each[row["fact"]] = row["new_value"]
    left = {conversion: found for conversion, each in state.items()
            if (found := {fact: value for fact, value in each.items() if value is not None and (fact, value) != (EXISTS, "false")})}
    wanted = {conversion: each for conversion, each in now.items() if conversion in known}
    assert left == wanted, [(id, left.get(id), wanted.get(id)) for id in {*left, *wanted} if left.get(id) != wanted.get(id)][:3]
    return wanted
