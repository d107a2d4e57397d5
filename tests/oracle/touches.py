"""Where visitors came from: the evidence an event carries, and the arrivals it makes."""

from dataclasses import dataclass, replace

from .rules import MEDIUM_OF_CATEGORY, is_true
from .settings import microseconds
from .urls import host_of, in_domain, is_no_value, lower_case, parameters_of

BLANKS = " \t\n\r\f\v"
UTM = ("source", "medium", "campaign", "term", "content")

# The columns a session shares with the touch of its entry.
ENTRY_COLUMNS = (
    "source", "medium", "campaign", "term", "content", "referrer", "referrer_host",
    "click_id_name", "click_id", "channel", "is_direct", "is_paid", "is_untracked",
)


@dataclass(frozen=True)
class Evidence:
    """What one event tells about an arrival; all None is no evidence."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    referrer: str | None = None
    referrer_host: str | None = None
    click_id_name: str | None = None
    click_id: str | None = None

    def identity(self):
        """Two arrivals that agree in these are one, whatever the case and the blanks around them."""
        told = (self.source, self.medium, self.campaign, self.referrer_host, self.click_id)
        return tuple((text or "").strip(BLANKS).lower() for text in told)

    def is_only_a_referrer(self):
        return replace(self, referrer=None, referrer_host=None) == NO_EVIDENCE


NO_EVIDENCE = Evidence()


def evidence_of(event, settings, rules):
    url = event["page_url"]
    parameters = parameters_of(url, event["page_search"])
    found = {}
    for part in UTM:
        in_column = (event[f"utm_{part}"] or "").strip(" ")
        found[part] = in_column if in_column and not is_no_value(in_column) else parameters.get(f"utm_{part}")
    host = other_site(event, settings)
    if host is not None and not rules.is_excluded_referrer(host, url, parameters):
        found.update(referrer=event["page_referrer"], referrer_host=host)
    for row in rules.click_ids:
        if row["click_id_name"].lower() in parameters:
            found.update(click_id_name=row["click_id_name"], click_id=parameters[row["click_id_name"].lower()])
            break
    return Evidence(**found)


def other_site(event, settings):
    """Host of the event's referrer where that is neither the page's own host nor one of own_domains."""
    host = host_of(event["page_referrer"])
    own = host is not None and any(in_domain(host, lower_case(domain)) for domain in settings.own_domains)
    return None if own or host == host_of(event["page_url"]) else host


def telling_events(events, settings, rules):
    """(event, evidence) of each event of a session that gives evidence.

    A referrer alone says nothing once the session had one of that host, even one that was no evidence: pages that
    change without a new load keep the referrer of their landing.
    """
    seen = set()
    for event in events:
        evidence, host = evidence_of(event, settings, rules), other_site(event, settings)
        is_stale = host in seen and evidence.is_only_a_referrer()
        if evidence != NO_EVIDENCE and not is_stale:
            yield event, evidence
        seen.add(host)


def classify(evidence, rules):
    """The columns a touch gets from its evidence and the rules."""
    clicked = next((row for row in rules.click_ids if row["click_id_name"] == evidence.click_id_name), None)
    source, medium = source_and_medium(evidence, clicked, rules)
    rule = rules.channel_rule(source, medium, evidence.campaign)
    return {
        "source": source,
        "medium": medium,
        "campaign": evidence.campaign,
        "term": evidence.term,
        "content": evidence.content,
        "referrer": evidence.referrer,
        "referrer_host": evidence.referrer_host,
        "click_id_name": evidence.click_id_name,
        "click_id": evidence.click_id,
        "channel": rule["channel"],
        "is_direct": evidence == NO_EVIDENCE or clicked is None and says_direct(evidence),
        "is_untracked": False,
        "is_paid": is_true(rule["is_paid"]) or (clicked is not None and is_true(clicked["is_paid"])),
    }


def says_direct(evidence):
    """The utm pair itself says that there was no source."""
    return ((evidence.source or "").lower(), (evidence.medium or "").lower()) == ("(direct)", "(none)")


def untracked_entry():
    """The columns of a touch at which no browser or app was seen, and for which there is no other evidence."""
    return {**vars(NO_EVIDENCE), "source": "(untracked)", "medium": "(none)", "channel": "Untracked",
            "is_direct": False, "is_paid": False, "is_untracked": True}


def source_and_medium(evidence, clicked, rules):
    if evidence.source is not None or evidence.medium is not None:
        return evidence.source, evidence.medium
    if clicked is not None:
        return clicked["source"] or None, clicked["medium"] or None
    if evidence.referrer_host is not None:
        known = rules.referrer(evidence.referrer_host)
        if known is None:
            return evidence.referrer_host, "referral"
        return known["source"] or evidence.referrer_host, MEDIUM_OF_CATEGORY.get(known["category"], "referral")
    return "(direct)", "(none)"


def touches_of_session(session, events, settings, rules):
    """Touches of one session in order: its entry, then every event with other evidence than before."""
    window = microseconds(settings.entry_window_seconds, 1)
    telling = list(telling_events(events, settings, rules))
    current = NO_EVIDENCE
    if telling and telling[0][0]["occurred_at"] - session["session_start"] <= window:
        current = telling.pop(0)[1]
    is_untracked = current == NO_EVIDENCE and not session["is_seen"]
    entry = untracked_entry() if is_untracked else classify(current, rules)
    touches = [
        {"touch_id": session["session_id"], "touch_timestamp": session["session_start"],
         "landing_page_url": session["landing_page_url"], **entry}
    ]
    for event, evidence in telling:
        if evidence.identity() != current.identity():
            touches.append(
                {"touch_id": event["event_id"], "touch_timestamp": event["occurred_at"],
                 "landing_page_url": event["page_url"], **classify(evidence, rules)}
            )
            current = evidence
    for touch in touches:
        touch.update(session_id=session["session_id"], alias_id=session["alias_id"])
    return touches


def touch_order(touch):
    return (touch["touch_timestamp"], touch["touch_id"])


def add_touches(sessions, settings, rules):
    """Touches of one alias, numbered; writes the entry's columns into each session row."""
    touches = []
    for session, events in sessions:
        own = touches_of_session(session, events, settings, rules)
        session.update({column: own[0][column] for column in ENTRY_COLUMNS})
        touches += own
    touches.sort(key=touch_order)
    for number, touch in enumerate(touches, start=1):
        touch["touch_number"] = number
    return touches
