"""Times are whole microseconds since 1970 (UTC) inside the oracle, naive UTC datetimes outside."""

import re
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)

ISO_8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(?:Z|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)


def read_time(value):
    """Microseconds of a datetime (naive = UTC) or an ISO 8601 text; None if it is neither."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        return (value - EPOCH) // MICROSECOND
    if isinstance(value, str):
        return read_iso_text(value)
    return None


def read_iso_text(text):
    match = ISO_8601.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )
    except ValueError:  # 30 February, 25 o'clock
        return None
    ahead = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    return (local - EPOCH) // MICROSECOND + (ahead // MICROSECOND) * (1 if sign == "-" else -1)


def write_time(microseconds):
    """The naive UTC datetime of whole microseconds since 1970; None stays None."""
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND
