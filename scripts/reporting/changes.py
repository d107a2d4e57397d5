"""What became different since the last report: sign-ups of months that it had, why, and between which channels they went."""

import re
from datetime import timedelta
from pathlib import Path

from reporting.source import Source, queries

BATCH = re.compile(rb'<meta name="signup-attribution-batch" content="(\d+)">')
USUAL_DAYS = 30  # between reports, where the last one is not known
EXAMPLES = 10


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
    batches = source.rows(queries.batches)
    found = {"batch_id": batches[-1]["batch_id"] if batches else 0, "since": None, "months": [], "causes": [], "moves": []}
    if batches:
        early = [one for one in batches if one["changed_at"] <= batches[-1]["changed_at"] - timedelta(days=USUAL_DAYS)]
        known = [one for one in batches if last is not None and one["batch_id"] <= last]
        found["since"] = known[-1] if known else early[-1] if early else None
    if found["since"]:
        since = found["since"]["batch_id"]
        found["months"] = sorted(source.rows(queries.changed_months, since, since, since), key=lambda row: (-row["month"].toordinal(), row["channel"]))
        found["causes"] = sorted(source.rows(queries.causes, since), key=lambda row: (-row["facts"], row["cause"]))
        found["moves"] = sorted(source.rows(queries.moves, since), key=lambda row: (-row["signups"], str(list(row.values()))))[:EXAMPLES]
    return {"changed": found}
