"""Signups and what they are attributed to."""

from .messages import is_named, message_order
from .sessions import is_seen
from .settings import microseconds
from .urls import like

# Column of the attribution row -> column of the touch it is taken from.
TOUCH_PARTS = {
    "session_id": "session_id", "source": "source", "campaign": "campaign", "medium": "medium",
    "referrer": "referrer", "channel": "channel", "landing_page_url": "landing_page_url",
    "click_id": "click_id", "timestamp": "touch_timestamp",
}
DAY_MICROSECONDS = 86_400_000_000


def attribute(alias_id, sessions, touches, settings):
    """The attribution row of one alias, or None if it never signed up."""
    signup_session = next((session for session, _ in sessions if session["is_signup_session"]), None)
    if signup_session is None:
        return None
    signed_up_at = signup_session["signup_timestamp"]
    events = sorted((event for _, those in sessions for event in those), key=message_order)
    pages = [event for event in events if event["page_url"] is not None]
    signup = next(event for event in events if is_named(event, settings.signup_events))
    blog_urls = [event["page_url"] for event in pages
                 if message_order(event) <= message_order(signup) and like(event["page_url"], settings.blog_url_pattern)]
    was_seen = any(is_seen(event) for event in events if event["occurred_at"] <= signed_up_at)
    row = {
        "alias_id": alias_id,
        "signup_session_id": signup_session["session_id"],
        "blog_url": blog_urls[0] if blog_urls else None,
        "first_page_ever_visited": pages[0]["page_url"] if pages else None,
        "signup_evidence": "browser_before" if was_seen else "none",
        "session_count_before_signup": signup_session["session_number"] - 1,
        "days_to_signup": float(signed_up_at - sessions[0][0]["session_start"]) / DAY_MICROSECONDS,
        "signed_up_in_first_session": signup_session["is_first_session"],
        "signup_timestamp": signed_up_at,
    }
    counting = [touch for touch in touches if counts(touch, signed_up_at, settings)]
    attributed = [touch for touch in counting
                  if touch["is_paid"] or touch["channel"] in settings.attributed_channels]
    for name, chosen in (("first_touch", counting[:1]), ("last_touch", counting[-1:]),
                         ("first_attributed_touch", attributed[:1]), ("last_attributed_touch", attributed[-1:])):
        for part, column in TOUCH_PARTS.items():
            row[f"{name}_{part}"] = chosen[0][column] if chosen else None
    return row


def counts(touch, signed_up_at, settings):
    """Only touches up to the signup count, and none older than the look-back if there is one."""
    if touch["touch_timestamp"] > signed_up_at:
        return False
    if settings.attribution_lookback_days is None:
        return True
    lookback = microseconds(settings.attribution_lookback_days, 86_400)
    return touch["touch_timestamp"] >= signed_up_at - lookback
