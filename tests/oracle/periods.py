"""Days, weeks and months on the clocks of a time zone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
PERIODS = ("week", "month")


def day_of(time, zone: str) -> date:
    try:
        return time.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()
    except OverflowError:  # the day before year 1, or after 9999
        return time.date()


def start_of(period: str, day: date) -> date:
    return day - day.weekday() * DAY if period == "week" else day.replace(day=1)


def periods_between(period: str, earlier: date, later: date) -> int:
    if period == "week":
        return (later - earlier).days // 7
    return 12 * (later.year - earlier.year) + later.month - earlier.month
