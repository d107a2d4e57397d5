"""How the report writes models, numbers, times and changes: filters for its page."""

from datetime import date, datetime, timezone

# Models of credit in the order of tables, with words for them.
MODELS = {
    "first": "First touch", "last": "Last touch", "last_non_direct": "Last non-direct", "first_paid": "First paid",
    "last_paid": "Last paid", "linear": "Linear", "position": "Position", "time_decay": "Time decay", "shapley": "Shapley",
    "markov": "Markov",
}
NONE = "–"
ALIKE = 0.0005  # a change smaller than what is written


def number(value) -> str:
    """A count with thousands set off: 12,345."""
    return NONE if value is None else f"{round(value):,}"


def decimal(value) -> str:
    """A number with one digit behind the point, where it has any: 12,345.6."""
    if value is None:
        return NONE
    return f"{round(value):,}" if abs(value - round(value)) < 0.05 else f"{value:,.1f}"


def share(value) -> str:
    """A part of 1 in percent: 12.3 %."""
    return NONE if value is None else f"{100 * value:,.1f} %"


def ratio(value) -> str:
    """A quotient: 1.25."""
    return NONE if value is None else f"{value:,.2f}"


def money(value) -> str:
    """Money with its hundredths: 12,345.60; nothing is 0."""
    return NONE if value is None else f"{value:,.2f}" if value else "0"


def amount(value) -> str:
    """Money, from 1,000 on without its hundredths: 12,346."""
    return number(value) if value and abs(value) >= 1000 else money(value)


def moment(value: datetime | None) -> str:
    """A time to the minute, in UTC; one without zone is in UTC."""
    if value is None:
        return NONE
    value = value.astimezone(timezone.utc) if value.tzinfo else value
    return f"{value:%Y-%m-%d %H:%M}"


def month(value: date) -> str:
    """A month: May 2026."""
    return f"{value:%b %Y}"


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


def change(now, before, unit: str) -> tuple[str, str]:
    """How a figure changed: direction ('up', 'down', 'same' or 'none') and words for it."""
    if now is None or before is None:
        return "none", "nothing to compare with"
    difference = now - before
    if unit == "share":
        if abs(difference) < ALIKE:
            return "same", "unchanged"
        return ("up", f"{100 * difference:,.1f} points more") if difference > 0 else (
            "down", f"{-100 * difference:,.1f} points less")
    if before == 0:
        return ("same", "unchanged") if now == 0 else ("up", "up from nothing")
    part = difference / abs(before)
    if abs(part) < ALIKE:
        return "same", "unchanged"
    return ("up", f"{100 * part:,.1f} % more") if part > 0 else ("down", f"{-100 * part:,.1f} % less")


def text(value) -> str:
    """A text as it is."""
    return NONE if value is None else str(value)


KINDS = {"number": number, "decimal": decimal, "share": share, "ratio": ratio, "money": money, "amount": amount,
         "month": month, "day": day, "text": text, "moment": moment, "span": span}


def cell(value, kind: str) -> str:
    """A value of a table."""
    return KINDS[kind](value)


FILTERS = {**KINDS, "cell": cell, "change": change}
