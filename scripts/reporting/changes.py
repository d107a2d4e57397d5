"""What became different since the last report: sign-ups of months that it had, why, and between which channels they went."""

import re
from datetime import timedelta
from pathlib import Path

from reporting.source import Source

BATCH = re.compile(rb'<meta name="signup-attribution-batch" content="(\d+)">')
USUAL_DAYS = 30  # between reports, where the last one is not known
EXAMPLES = 10
BATCHES = """
    select batch_id, max(changed_at) as changed_at from {reporting}.channel_totals_as_of
    group by batch_id
    order by batch_id
"""
# Of months that were over, or nearly so, when the last report was made: all but the newest of them.
MONTHS = """
    with totals as (
        select month, channel, batch_id, change from {reporting}.channel_totals_as_of
        where touch = 'first_touch' and conversion_name = 'signup'
    )
    select
        month, channel, cast(coalesce(sum(change) filter (where batch_id <= %s), 0) as bigint) as before,
        cast(sum(change) as bigint) as now
    from totals
    where month < (select max(month) from totals where batch_id <= %s)
    group by month, channel
    having coalesce(sum(change) filter (where batch_id <= %s), 0) != sum(change)
"""
CAUSES = """
    select cause, count(*) as facts, count(distinct conversion_id) as signups from {refresh}.restatements
    where batch_id > %s
    group by cause
"""
# No ids of messages or persons: a page goes round.
MOVES = """
    select
        old_value as before, new_value as now, cause, case when cause in ('rule', 'setting') then cause_detail end as detail,
        count(*) as signups
    from {refresh}.restatements
    where batch_id > %s and fact = 'first_touch_channel'
    group by 1, 2, 3, 4
"""


def last_batch(page: Path) -> int | None:
    """The newest batch that a report tells of; None when there is none, or it does not say."""
    try:
        found = BATCH.search(page.read_bytes()[:4096])
    except OSError:
        return None
    return int(found[1]) if found else None


def change_facts(source: Source, last: int | None) -> dict:
    """changed: what is different since batch `last`, or else a month ago; or a sentence in `missing`."""
    if sentence := source.missing("reporting.channel_totals_as_of", "refresh.restatements"):
        return {"missing": {"changed": sentence}}
    batches = source.rows(BATCHES)
    found = {"batch_id": batches[-1]["batch_id"] if batches else 0, "since": None, "months": [], "causes": [], "moves": []}
    if batches:
        early = [one for one in batches if one["changed_at"] <= batches[-1]["changed_at"] - timedelta(days=USUAL_DAYS)]
        known = [one for one in batches if last is not None and one["batch_id"] <= last]
        found["since"] = known[-1] if known else early[-1] if early else None
    if found["since"]:
        since = found["since"]["batch_id"]
        found["months"] = sorted(source.rows(MONTHS, since, since, since), key=lambda row: (-row["month"].toordinal(), row["channel"]))
        found["causes"] = sorted(source.rows(CAUSES, since), key=lambda row: (-row["facts"], row["cause"]))
        found["moves"] = sorted(source.rows(MOVES, since), key=lambda row: (-row["signups"], str(list(row.values()))))[:EXAMPLES]
    return {"changed": found}
