"""Why each column of a person's row in attribution has its value."""

from datetime import datetime, timedelta

from common.errors import said
from explaining.words import CHOICES, described, moment

# Column of attribution after the name of the chosen touch -> column of touches, as in the macro touch_facts.
TOUCH_FACTS = {
    "timestamp": "touch_timestamp", "source": "source", "campaign": "campaign", "medium": "medium",
    "referrer": "referrer", "channel": "channel", "session_id": "session_id", "landing_page_url": "landing_page_url",
    "click_id": "click_id",
}


def reason_to_count(touch: dict, attribution: dict | None, settings: dict) -> tuple[bool, str]:
    """Whether a touch counts for attribution, and why."""
    if attribution is None:
        return False, "there is no sign-up"
    if touch["touch_timestamp"] > attribution["signup_timestamp"]:
        return False, "it is later than the sign-up"
    days = settings["attribution_lookback_days"]
    if days is None:
        return True, "it is not later than the sign-up"
    if touch["touch_timestamp"] < attribution["signup_timestamp"] - timedelta(days=days):
        return False, f"it is more than {days:g} days before the sign-up"
    return True, f"it is at most {days:g} days before the sign-up"


def attribution_story(row: dict, touches: list[dict], settings: dict, facts) -> dict:
    """Column -> its value and the reason; and for each of the four choices the chosen touch and the reason.

    touches: with `counts`, as reason_to_count says.
    """
    choices = {name: choice_story(name, row, touches, settings) for name in CHOICES}
    because = own_reasons(row, settings, facts)
    columns = {}
    for column, value in row.items():
        choice = next((name for name in CHOICES if column.startswith(name + "_")), None)
        reason = choices[choice]["because"] if choice else because.get(column, "See its description.")
        columns[column] = {"value": value, "because": reason}
    return {"columns": columns, "touches": choices}


def choice_story(name: str, row: dict, touches: list[dict], settings: dict) -> dict:
    """Which touch was chosen as one of the four, and why."""
    is_attributed = "attributed" in name
    counted = [touch for touch in touches if touch["counts"]]
    eligible = [touch for touch in counted if touch["is_attributed"]] if is_attributed else counted
    numbers = [touch["touch_number"] for touch in counted]
    span = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"only {numbers[0]}" if numbers else "none"
    of = f"the touches that count ({span})"
    values = {fact: row[f"{name}_{fact}"] for fact in TOUCH_FACTS}
    chosen = [touch for touch in eligible if {fact: touch[column] for fact, column in TOUCH_FACTS.items()} == values]
    if not chosen:
        reason = f"Empty, because none of {of} is paid or in one of attributed_channels."
        if eligible or any(value is not None for value in values.values()):
            reason = "It disagrees with the touches, because a refresh has not finished: run it again."
        elif not counted:
            days = f"{settings['attribution_lookback_days']:g} days"
            reason = f"Empty, because no touch counts: each is more than {days} before the sign-up, or after it."
        return {"touch_number": None, "because": reason}
    touch = chosen[0 if name.startswith("first") else -1]
    place = "first" if name.startswith("first") else "last"
    which = f"Touch {touch['touch_number']} is the {place}"
    if is_attributed:
        why = (f"it is paid: {touch['paid_because']}" if touch["is_paid"]
               else f"its channel {touch['channel']} is one of attributed_channels")
        reason = f"{which} attributed touch of {of}; {why}."
    else:
        reason = f"{which} of {of}."
    return {"touch_number": touch["touch_number"], "because": reason}


def own_reasons(row: dict, settings: dict, facts) -> dict[str, str]:
    """The reasons for columns that do not come from a touch."""
    sessions = facts["sessions"]
    events = " or ".join(map(said, settings["signup_events"]))
    message = facts["signups"][0] if facts["signups"] else None
    by = f": {described(message)}" if message else ", in a message that is no longer stored"
    first = next((session for session in sessions if session["is_first_session"]), None)
    signup = next((session for session in sessions if session["is_signup_session"]), None)
    began = f"session 1, which began at {moment(first['session_start'])}" if first else "a session that is not stored"
    number = signup["session_number"] if signup else "?"
    page = min((visit["landing_page"] for visit in facts["visits"] if visit["landing_page"]), default=None)
    blogs = [visit["blog_page"] for visit in facts["visits"] if visit["blog_page"]]
    signup_event = min((visit["signup_event"] for visit in facts["visits"] if visit["signup_event"]), default="")
    blog = min((stamp for stamp in blogs if stamp <= signup_event), default=None)
    seen_at = min((visit["seen_at"] for visit in facts["visits"] if visit["seen_at"]), default=None)
    like = f"like {said(settings['blog_url_pattern'])}"
    return {
        "alias_id": "The person.",
        "signup_timestamp": f"The first event named {events}{by}.",
        "signup_session_id": f"Session {number}, which has that event; its id is that of its first event.",
        "session_count_before_signup": f"Sessions before session {number}.",
        "signed_up_in_first_session": f"The sign-up is in session {number}.",
        "days_to_signup": f"From {began}, to the sign-up.",
        "blog_url": (f"The first URL {like} up to the sign-up: {stamped(blog)}." if blog
                     else f"No URL up to the sign-up is {like}."),
        "signup_evidence": seen_reason(seen_at, row["signup_timestamp"]),
        "first_page_ever_visited": (f"The URL of the first event that has one: {stamped(page)}." if page
                                    else "No event has a URL."),
    }


def seen_reason(seen_at: datetime | None, signup_at: datetime) -> str:
    """Whether a browser or app was seen up to the sign-up; if not, what was missing."""
    what = "a page or screen, or has a page URL, a referrer or a user agent"
    if seen_at is None:
        return (f"No event is {what}: send the browser's anonymous id with the server's messages, or identify the user in "
                "the browser or app.")
    if seen_at > signup_at:
        return f"No event up to the sign-up is {what}; the first that is came at {moment(seen_at)}."
    return f"The event at {moment(seen_at)} is {what}."


def stamp_time(stamp: str) -> datetime:
    """The time in a stamp (time, event id and URL with tabs between, see the macro event_stamp)."""
    return datetime.fromisoformat(stamp.split("\t")[0])


def stamped(stamp: str) -> str:
    """The event of a stamp."""
    return f"event {said(stamp.split(chr(9))[1])} at {moment(stamp_time(stamp))}"
