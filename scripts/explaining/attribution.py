"""Why each column of a person's row in attribution has its value."""

from datetime import timedelta

from explaining.words import CHOICES, reason

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
    own = own_facts(facts)
    columns = {}
    for column, value in row.items():
        choice = next((name for name in CHOICES if column.startswith(name + "_")), None)
        because = choices[choice]["because"] if choice else reason("own", column=column, row=row, settings=settings, **own)
        columns[column] = {"value": value, "because": because}
    return {"columns": columns, "touches": choices}


def choice_story(name: str, row: dict, touches: list[dict], settings: dict) -> dict:
    """Which touch was chosen as one of the four, and why."""
    counted = [touch for touch in touches if touch["counts"]]
    eligible = [touch for touch in counted if touch["is_attributed"]] if "attributed" in name else counted
    values = {fact: row[f"{name}_{fact}"] for fact in TOUCH_FACTS}
    found = [touch for touch in eligible if {fact: touch[column] for fact, column in TOUCH_FACTS.items()} == values]
    chosen = found[0 if name.startswith("first") else -1] if found else None
    disagrees = not chosen and (eligible or any(value is not None for value in values.values()))
    numbers = [touch["touch_number"] for touch in counted]
    because = reason("choice", name=name, touch=chosen, numbers=numbers, disagrees=disagrees, settings=settings)
    return {"touch_number": chosen and chosen["touch_number"], "because": because}


def own_facts(facts) -> dict:
    """What the reasons for columns that come from no touch speak of; None where there is no such thing."""
    def least(name):
        return min((visit[name] for visit in facts["visits"] if visit[name]), default=None)

    def session(flag):
        return next((row for row in facts["sessions"] if row[flag]), None)

    signup = least("signup_event") or ""
    blogs = [visit["blog_page"] for visit in facts["visits"] if visit["blog_page"] and visit["blog_page"] <= signup]
    return {
        "message": facts["signups"][0] if facts["signups"] else None,
        "first": session("is_first_session"), "signup": session("is_signup_session"),
        "page": least("landing_page"), "blog": min(blogs, default=None), "seen_at": least("seen_at"),
    }
