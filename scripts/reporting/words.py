"""How the report writes what its script does not: numbers, times and lengths of time, as filters of the page."""

from datetime import date, datetime, timezone

# Models of credit in the order of tables, with words for them.
MODELS = {
    "first": "First touch", "last": "Last touch", "last_non_direct": "Last non-direct", "first_paid": "First paid",
    "last_paid": "Last paid", "linear": "Linear", "position": "Position", "time_decay": "Time decay", "shapley": "Shapley",
    "markov": "Markov",
}
NONE = "–"


def number(value) -> str:
    """A count with thousands set off: 12,345."""
    return NONE if value is None else f"{round(value):,}"


def moment(value: datetime | None) -> str:
    """A time to the minute, in UTC; one without zone is in UTC."""
    if value is None:
        return NONE
    value = value.astimezone(timezone.utc) if value.tzinfo else value
    return f"{value:%Y-%m-%d %H:%M}"


def day(value: date) -> str:
    """A day: 31 May 2026."""
    return f"{value.day} {value:%b %Y}"


def span(seconds: float | None) -> str:
    """A length of time in the unit that suits it: 12.0 s, 3.5 h."""
    if seconds is None:
        return NONE
    for unit, words in ((86400, "days"), (3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * unit:
            return f"{seconds / unit:,.1f} {words}"
    return f"{seconds:,.1f} s"


def text(value) -> str:
    """A text as it is."""
    return NONE if value is None else str(value)


FILTERS = {"number": number, "day": day, "text": text, "moment": moment, "span": span}
