"""Which days the report compares, and how its charts divide time: pure functions of the first and last day there is."""

from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days from `start` up to but without `end`. kind: 'month', 'week' (from Monday), or 'all' days there are."""

    kind: str
    start: date
    end: date

    @property
    def words(self) -> str:
        """The period as one says it: May 2026, week of 1 Jun 2026."""
        if self.kind == "month":
            return f"{self.start:%B %Y}"
        return f"week of {self.start.day} {self.start:%b %Y}" if self.kind == "week" else "all days so far"


def start_of(kind: str, day: date) -> date:
    """First day of the day, week or month that a day lies in."""
    if kind == "month":
        return day.replace(day=1)
    return day - DAY * day.weekday() if kind == "week" else day


def next_start(kind: str, start: date) -> date:
    """First day of the next day, week or month."""
    return start_of("month", start + DAY * 31) if kind == "month" else start + DAY * (7 if kind == "week" else 1)


def compared_periods(first_on: date, last_on: date, kind: str | None = None) -> tuple[Period, Period | None]:
    """The period of the headline figures and the one before it, which is None when nothing is to compare with.

    The last calendar month that is over, if the month before has all its days too; else the last week; else all days.
    A period is over when there are sessions of a later day. kind: 'month' or 'week' to have no other.
    """
    for wanted in [kind] if kind else ["month", "week"]:
        end = start_of(wanted, last_on)
        start = start_of(wanted, end - DAY)
        before = start_of(wanted, start - DAY)
        if before >= first_on:
            return Period(wanted, start, end), Period(wanted, before, start)
        if kind and start >= first_on:
            return Period(wanted, start, end), None
    return Period("all", first_on, last_on + DAY), None


def chart_kind(first_on: date, last_on: date) -> str:
    """What one bar of a chart over time stands for: a day up to four weeks, a week up to a year, else a month."""
    days = (last_on - first_on).days + 1
    return "day" if days <= 28 else "week" if days <= 371 else "month"


def starts(kind: str, first_on: date, last_on: date) -> list[date]:
    """First days of all days, weeks or months between two days, in order."""
    found = [start_of(kind, first_on)]
    while next_start(kind, found[-1]) <= last_on:
        found.append(next_start(kind, found[-1]))
    return found


def month_ago(day: date, months: int) -> date:
    """First day of the month so many months before that of a day."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
