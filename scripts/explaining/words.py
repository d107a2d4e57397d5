"""Wording shared by the parts of a person's story."""

from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from common.errors import said

# The four touches of attribution, as the columns begin, in words.
CHOICES = {
    "first_touch": "the first touch", "last_touch": "the last touch",
    "first_attributed_touch": "the first attributed touch", "last_attributed_touch": "the last attributed touch",
}
KINDS = {"user_id": "a user id", "anonymous_id": "an anonymous id"}


def moment(time: datetime) -> str:
    """A time (UTC) to the second, or to the microsecond where that says more."""
    return time.isoformat(" ") if time else "(never)"


def described(message: dict) -> str:
    """A message inside a sentence."""
    return f"the message {said(message['event_id'])} of {message['message_type']}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """1 event, 2 events."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


CAUSES = {  # why a published fact changed
    "late_message": "a message that came late", "new_identity": "a message that told whose a device is", "link_or_override": "a link or override",
    "rule": "an edited rule", "setting": "a changed setting", "erasure": "an erasure", "other": "rebuilt tables",
}


def stamped(stamp: str) -> str:
    """The event of a stamp (time, event id and URL with tabs between, see the macro event_stamp)."""
    at, event_id, *_ = stamp.split("\t")
    return f"event {said(event_id)} at {moment(datetime.fromisoformat(at))}"


def templates(**options) -> Environment:
    """Jinja for the templates of this folder, in which these functions are filters."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
    environment.filters |= {"moment": moment, "count": count, "described": described, "said": said, "stamped": stamped}
    return environment


@cache
def reasons():
    return templates().get_template("reasons.j2").module


def reason(of: str, /, **facts) -> str:
    """The reason that a macro of reasons.j2 gives."""
    return getattr(reasons(), of)(**facts).removesuffix("\n")
