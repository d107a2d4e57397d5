"""Times are whole microseconds since 1970 (UTC) inside the oracle, naive UTC datetimes outside."""

import re
from datetime import date, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = ((time - EPOCH) // MICROSECOND for time in (datetime.min, datetime.max))

ISO_8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
    r"(?: ?(?:Z|UTC|([+-])(\d\d)(?::?(\d\d))?))?)?",
    re.ASCII,
)
WHOLE_NUMBER = re.compile(r"(-?\d+)(?:\.0*)?", re.ASCII)


def read_time(value):
    """Microseconds of what a time column holds: a time, a date, a whole number, or a text that is one; None for anything else."""
    time = None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        time = (value - EPOCH) // MICROSECOND
    elif isinstance(value, date):
        time = read_time(datetime(value.year, value.month, value.day))
    elif isinstance(value, str):
        time = read_text(value.strip(" "))
    elif not isinstance(value, bool) and value is not None and value == value // 1:
        time = read_number(int(value))
    return time if time is not None and FIRST <= time <= LAST else None


def read_number(number):
    """Seconds, milliseconds or microseconds since 1970, by its size."""
    size = abs(number)
    return number * (10**6 if size < 10**11 else 10**3 if size < 10**14 else 1)


def read_text(text):
    match = WHOLE_NUMBER.fullmatch(text)
    if match:
        digits = match.group(1)
        return read_number(int(digits)) if len(digits.lstrip("-0")) <= 20 else None
    match = ISO_8601.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    second = int(second or 0)
    zone_hours, zone_minutes = int(zone_hours or 0), int(zone_minutes or 0)
    if second > 60 or zone_hours > 23 or zone_minutes > 59:
        return None
    try:
        local = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))
    except ValueError:  # 30 February, 25 o'clock
        return None
    ahead = (60 * zone_hours + zone_minutes) * (-1 if sign == "-" else 1)
    since_minute = second * 10**6 + int((fraction or "0")[:6].ljust(6, "0"))
    return (local - EPOCH) // MICROSECOND + since_minute - ahead * 60 * 10**6


def write_time(microseconds):
    """The naive UTC datetime of whole microseconds since 1970; None stays None."""
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND
