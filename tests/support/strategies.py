"""Hypothesis strategies: small, nasty sets of Segment-style rows.

A scenario is a few loads of a few rows. Ids come from tiny pools, times from a small grid of steps
around the session gap, so that shared devices, merges after an identify, ties and month ends are
the rule. Copies of a message differ in load and receive time only. Load times grow with the number
of the load; when things happened has nothing to do with it.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from oracle.messages import collection_of

COLLECTIONS = ("tracks", "pages", "screens", "identifies", "aliases")
# Further places of each collection. The clock of whoever loads the second one is behind, by more than all loads take.
SECOND, SLOW = "ios", "server"
SLOW_BY = timedelta(days=40)
SOURCES = {name: [{"schema": schema, "table": name, "optional": True} for schema in ("segment", SECOND, SLOW)] for name in COLLECTIONS}
SOURCES["identity_overrides"] = {"schema": "segment", "table": "identity_overrides", "optional": True}
ID_COLUMNS = ("id", "anonymous_id", "user_id", "previous_id")
# All of them must be in the list of invalid ids of the rules in use, or have a tab in them.
JUNK_IDS = (None, "", "  ", "a\tb", "null", " NULL ", "None", "undefined", "0", "[object Object]",
            "00000000-0000-0000-0000-000000000000")

# Settings the scenarios are made for; everything else is at its default.
OWN_DOMAINS = ("shop.example",)
IGNORED_EVENTS = ("heartbeat",)

BASE_TIME = datetime(2026, 1, 31, 23, 40)
FIRST_LOAD_TIME = datetime(2026, 9, 1, 3, 0)
LOAD_EVERY = timedelta(hours=30)
MAX_LOADS = 4
MAX_USERS_PER_PERSON = 3
US = timedelta(microseconds=1)
GAP = timedelta(minutes=20)
WINDOW = timedelta(seconds=30)
SKEW = timedelta(minutes=60)
MAX_EVENT_AGE_DAYS = 30
AGE = timedelta(days=MAX_EVENT_AGE_DAYS)

# Pauses between neighbouring points of the time grid; what is listed more than once comes up more often.
STEPS = (
    GAP, GAP, GAP, GAP + US, GAP + US, GAP - US, GAP / 2, timedelta(0), US,
    WINDOW, WINDOW, WINDOW, WINDOW + US, WINDOW + US, WINDOW - US, timedelta(seconds=7),
    timedelta(minutes=19, seconds=30),
    timedelta(hours=1), timedelta(days=1), timedelta(days=29), timedelta(days=62, hours=5),
)

NAMES = {
    "tracks": ("clicked", "clicked", "signed_up", "signed_up", "heartbeat", "Signed_Up", None, ""),
    "pages": ("Home", None, None, "", "heartbeat", "signed_up"),
    "screens": ("Start", None, "heartbeat"),
}

SITE = "https://shop.example"
URLS = (
    None, None, "", " \t", SITE, SITE + "/", f" {SITE}/blog/padded ", SITE + "/pricing", SITE + "/blog/first", SITE + "/blog/second?x=1#top",
    SITE + "/?utm_source=news%20letter&utm_medium=e-mail#&utm_campaign=in-fragment",
    SITE + "/?utm_source=a%2Bb+c&utm_medium=cpc&utm_campaign=%E2%82%AC%20sale&utm_content=x",
    SITE + "/?utm_source=%FF%FE&utm_medium=raw", SITE + "/?utm_source=a%00b", SITE + "/?utm_source=100%25",
    SITE + "/?utm_source=100%&utm_medium=%zz", SITE + "/?utm_source=&utm_source=second",
    SITE + "/?utm_source=one&utm_source=two", SITE + "/?UTM_SOURCE=upper", SITE + "/?utm_source=%20+",
    SITE + "/?utm_term=only", SITE + "?utm_campaign=c1", SITE + "/?xutm_source=no&utm_mediums=no",
    SITE + "/?utm_source=ONE%0A", SITE + "/?gclid=G1", SITE + "/?gclid=g1%09",
    SITE + "/?GCLID=G2&gclid=G3", SITE + "/?gclid=&fbclid=F1", SITE + "/?fbclid=F%2B2",
    SITE + "/?msclkid=M1&gclid=G1&utm_source=bing&utm_medium=cpc", SITE + "/#?gclid=in-fragment",
    SITE + "/?a=1&amp;utm_source=mail&amp;UTM_Medium=email", SITE + "/?utm_source=semi;utm_medium=colon?utm_campaign=second",
    SITE + "/?utm_source={{campaign.name}}&utm_source=filled", SITE + "/?utm_source=%28not%20set%29&utm_medium=undefined",
    SITE + "/#/app?utm_source=routed&utm_medium=cpc", SITE + "/?fbclid=F3#gclid=G4", SITE + "/p?id=5", "https://shop.example.:443/p?id=5",
    SITE + "/users/Auth?utm_term=back", SITE + "/sso/x?code=1&STATE=2", SITE + "/?gad_source=1",
    "/blog/relative?utm_source=relative", "//shop.example/blog/no-scheme?gclid=G1",
    "https://user:pw@WWW.Shop.Example:8443/blog/port", "http://other.example/landing?a=b",
)
SEARCHES = (None, None, None, "", "?", "?id=5", "?id=5&gclid=G5", "id=5&utm_source=searched&utm_medium=email", "?utm_source=NULL&fbclid=")
REFERRERS = (
    None, None, None, "", "  ", " https://www.google.com/\n", SITE + "/pricing", "https://www.shop.example/", "http://other.example/self",
    "https://www.google.com/", "https://www.google.co.uk/search?q=x", "https://www.facebook.com/",
    "https://m.facebook.com/x", "https://chatgpt.com/", "https://www.youtube.com/watch?v=1",
    "https://mail.google.com/", "https://docs.google.com/", "https://tpc.googlesyndication.com/",
    "https://www.paypal.com/checkout", "https://news.example/article",
    "https://NEWS.example:443/other", "android-app://com.google.android.gm/", "news.example/no-scheme", "junk",
    "https://WWW.MÜLLER.example./x", "https://user:p@ss@news.example/", "http://[2001:DB8::1]:80/", "https://SHOP.example.:8443/", "https://a.b.c.d.e.f.g.h.i.j.google.com/",
)
# One per scenario: pages that change without a load keep the referrer of their landing.
KEPT_REFERRERS = (None, None, "https://www.google.com/", "https://www.facebook.com/", "https://www.paypal.com/checkout",
                  "https://news.example/article")
CAMPAIGNS = (  # source, medium, name, term, content
    (None, None, None, None, None), (None, None, None, None, None), (None, None, None, None, None),
    (None, None, None, None, None), (None, None, None, None, None), ("", "", "", "", ""),
    ("google", "cpc", "brand", "shoes", None), ("Google", "CPC", "brand", None, None),
    ("newsletter", "email", None, None, "footer"), ("partner", None, None, None, None),
    (None, "display", None, None, None), (None, None, "only-campaign", None, None),
    (None, None, None, "only-term", None), ("facebook", "paid-social", "spring", None, None),
    ("null", "(Not Set)", "{{campaign.name}}", "undefined", "[object Object]"), ("google", "{medium}", None, "NaN", "nan2"),
    (" google ", "organic", None, None, None), ("(direct)", "(none)", None, None, None),
)


@dataclass
class Scenario:
    """loads: in order of arrival, each a dict collection -> list of raw rows. overrides: rows of identity_overrides after each of them."""

    loads: list
    overrides: list


def one_in(draw, count):
    """True about once in so many draws, and never in the simplest example."""
    return draw(st.integers(1, count)) == 3  # not 1 or count: bounds are drawn more often than the rest


def session_columns(draw, collection, kept_referrer):
    """What a track, page or screen carries besides ids and times."""
    agent = draw(st.sampled_from(("ua", "ua", None, " ")))
    row = {} if agent is None else {"context_user_agent": agent}
    name = draw(st.sampled_from(NAMES[collection]))
    if collection == "tracks":
        row["event" if draw(st.booleans()) else "event_text"] = name
        if one_in(draw, 6):  # Segment writes both
            row["event_text"] = draw(st.sampled_from(NAMES[collection]))
    else:
        row["name"] = name
    if draw(st.booleans()):  # no evidence of an arrival, or what is left of it
        row["context_page_url" if collection == "tracks" else "url"] = draw(st.sampled_from((None, SITE)))
        row["context_page_referrer"] = kept_referrer
        return row
    url, referrer = draw(st.sampled_from(URLS)), kept_referrer or draw(st.sampled_from(REFERRERS))
    if collection == "tracks":
        row.update(context_page_url=url, context_page_referrer=referrer)
    elif draw(st.booleans()):  # the page's own columns win over the context, unless they are empty
        row.update(url=url, referrer=referrer, context_page_url=SITE + "/context")
    else:
        row.update(url="", context_page_url=url, context_page_referrer=referrer)
    row["context_page_title"] = draw(st.sampled_from(("Title", "", None)))
    row["context_page_search"] = draw(st.sampled_from(SEARCHES))
    if collection != "tracks":
        row["title"] = draw(st.sampled_from((None, "", "Own title")))
        row["search"] = draw(st.sampled_from(SEARCHES[2:5]))
    campaign = draw(st.sampled_from(CAMPAIGNS))
    for part, value in zip(("source", "medium", "name", "term", "content"), campaign, strict=True):
        row[f"context_campaign_{part}"] = value
    return row


@st.composite
def id_values(draw, pool, junk_one_in):
    """An id of the pool, now and then with blanks around it; one in so many is junk."""
    if not pool or one_in(draw, junk_one_in):
        return draw(st.sampled_from(JUNK_IDS))
    value = draw(st.sampled_from(pool))
    return draw(st.sampled_from((value,) * 8 + (f" {value}", f"{value}\t")))


def is_junk(value):
    return value is None or value.strip().lower() in {(junk or "").strip().lower() for junk in JUNK_IDS}


def number_of(at):
    """A time as microseconds since 1970."""
    return (at - datetime(1970, 1, 1)) // US


def text_of(draw, at):
    """A time as one of the texts that say it."""
    if one_in(draw, 6):
        seconds, rest = divmod(number_of(at), 10**6)
        return str(seconds if rest == 0 else seconds * 10**6 + rest)
    ahead = draw(st.sampled_from((0, 0, 0, 330, -210)))
    zones = ("", "Z", " Z", " UTC", "+00", " +0000", "-00:00") if not ahead else ("+05:30", " +0530") if ahead > 0 else ("-03:30", "-0330")
    local = (at + timedelta(minutes=ahead)).isoformat(draw(st.sampled_from("T ")), "seconds" if at.microsecond == 0 else "microseconds")
    return local + draw(st.sampled_from(("", "999") if at.microsecond else ("", ".000"))) + draw(st.sampled_from(zones))


def time_columns(draw, at):
    """The time columns of a message that happened at a time, as clients and servers write them: one a number, one a text."""
    kind = draw(st.sampled_from(
        ("usual",) * 12 + ("skew_at_limit", "skew_past_limit", "skew_far", "age_at_limit", "age_past_limit", "original",
                           "sent", "received", "not_received", "nothing")
    ))
    received_at = at + draw(st.sampled_from((timedelta(0), timedelta(seconds=2), timedelta(days=3))))
    return {
        "usual": {"timestamp": at, "original_timestamp": number_of(at - US), "received_at": received_at},
        "skew_at_limit": {"timestamp": at, "received_at": at - SKEW},
        "skew_past_limit": {"timestamp": at + SKEW + US, "received_at": at},
        "skew_far": {"timestamp": at + timedelta(days=900), "received_at": at},
        "age_at_limit": {"timestamp": at, "received_at": at + AGE},
        "age_past_limit": {"timestamp": at - AGE - US, "received_at": at},
        "original": {"original_timestamp": number_of(at), "sent_at": text_of(draw, at + GAP), "received_at": received_at},
        "sent": {"sent_at": text_of(draw, at), "received_at": received_at},
        "received": {"received_at": at},
        "not_received": {"timestamp": at},
        "nothing": {},
    }[kind]


def message(draw, collection, event_id, pools, at):
    """One row without its load time."""
    row = {"id": event_id}
    if collection == "aliases":
        row["previous_id"] = draw(id_values(draw(st.sampled_from((pools["anonymous"], pools["user"]))) or pools["anonymous"], 12))
        row["user_id"] = draw(id_values(pools["user"], 8))
    else:
        row["anonymous_id"] = draw(id_values(pools["anonymous"], 16))
        often_anonymous = draw(st.booleans()) and collection != "identifies"
        row["user_id"] = None if often_anonymous else draw(id_values(pools["user"], 6))
    if collection in NAMES:
        row.update(session_columns(draw, collection, pools["kept_referrer"]))
        if is_junk(event_id):
            row["context_user_agent"] = "ua"  # something must tell the row from those of other scenarios
    elif is_junk(event_id) and is_junk(row["user_id"]):
        row["user_id"] = "u0"  # something must tell the row from those of other scenarios
    row.update(time_columns(draw, at))
    return row


def load_time(number, second):
    """Load times of one load lie within a minute, those of the next one 30 hours later."""
    return FIRST_LOAD_TIME + number * LOAD_EVERY + timedelta(seconds=second)


def copies(draw, row, load_count):
    """(load number, schema, row) of a message: mostly once, sometimes again with other load and receive times or in another place."""
    # A row without any load time cannot be told from its copy, so its copies are equal.
    column = "uuid_ts"
    if one_in(draw, 8):
        column = "loaded_at" if "received_at" in row or draw(st.booleans()) else None
    is_slow = one_in(draw, 6)
    for _ in range(draw(st.sampled_from((1, 1, 1, 1, 2, 2, 3)))):
        number = draw(st.integers(0, load_count - 1))
        copy = dict(row)
        if column:
            copy[column] = load_time(number, draw(st.integers(0, 2))) - (SLOW_BY if is_slow else timedelta(0))
        if "received_at" in row:
            copy["received_at"] += draw(st.sampled_from((timedelta(0), timedelta(0), US, GAP, -US)))
        # which of equal copies is read first depends on the place alone
        schema = SLOW if is_slow else SECOND if column and one_in(draw, 4) else None
        yield number, schema, copy


@st.composite
def scenario(draw, max_messages=14):
    """A Scenario of 1 to 4 loads; ids of session events are unique across tables."""
    load_count = draw(st.integers(1, MAX_LOADS))
    loads = [{} for _ in range(load_count)]
    pools = {
        "anonymous": [f"a{i}" for i in range(draw(st.integers(2, 4)))],
        "user": [f"u{i}" for i in range(draw(st.sampled_from((0, 1, 2, 3, 3, 4, 6))))],
        "kept_referrer": draw(st.sampled_from(KEPT_REFERRERS)),
    }
    if one_in(draw, 8):
        pools["anonymous"].append("u0")  # the same text as anonymous id and as user id
    grid = [BASE_TIME]
    for _ in range(draw(st.integers(2, 7))):
        grid.append(grid[-1] + draw(st.sampled_from(STEPS)))
    count = draw(st.integers(1, max_messages))
    often = "aliases" if one_in(draw, 3) else "tracks"
    event_ids = draw(st.permutations([f"e{i:02}" for i in range(count)]))
    identity_ids = {"identifies": list(event_ids), "aliases": list(event_ids)}
    for event_id in event_ids:
        collection = draw(st.sampled_from(("pages",) * 4 + ("tracks",) * 5 + ("identifies",) * 3
                                          + ("screens", "aliases") + (often,) * 5))
        if collection in identity_ids:  # the same id in two tables: two messages
            event_id = draw(st.sampled_from(identity_ids[collection]))
            identity_ids[collection].remove(event_id)
        if one_in(draw, 30):
            event_id = draw(st.sampled_from(JUNK_IDS))
        row = message(draw, collection, event_id, pools, draw(st.sampled_from(grid)))
        for number, schema, copy in copies(draw, row, load_count):
            loads[number].setdefault((collection, f"{schema}.{collection}") if schema else collection, []).append(copy)
    for load in loads:
        for collection, rows in load.items():
            load[collection] = draw(st.permutations(rows))
    return Scenario(loads, [draw(override_rows(pools["anonymous"] + pools["user"])) for _ in loads])


@st.composite
def override_rows(draw, pool):
    """What somebody says about a few ids, some of which may never appear; mostly nothing."""
    ids = draw(st.permutations(sorted({one.strip() for one in [*pool, "nobody"]})))  # blanks around an id do not make it another
    count = draw(st.sampled_from((0, 0, 0, 1, 2, 3)))
    actions = st.sampled_from(("link", "never_link"))
    return [{"id_a": ids[n], "id_b": f" {ids[n + 1]}", "action": draw(actions), "note": "somebody said so"}
            for n in range(min(count, len(ids) - 1))]


def prefixed(made, prefix):
    """The scenario with every real id, and the user agent, starting with the prefix ('e17-')."""
    def rename(row):
        row = dict(row)
        for column in ID_COLUMNS:
            if not is_junk(row.get(column)):
                row[column] = re.sub(r"^(\s*)", rf"\g<1>{prefix}", row[column])
        if row.get("context_user_agent", "").strip():
            row["context_user_agent"] = prefix + row["context_user_agent"]
        return row

    return Scenario([
        {collection: [rename(row) for row in rows] for collection, rows in load.items()}
        for load in made.loads
    ], [
        [{**row, "id_a": prefix + row["id_a"], "id_b": f" {prefix}{row['id_b'].strip()}"} for row in rows]
        for rows in made.overrides
    ])


def merge(scenarios):
    """Loads that hold the rows of all scenarios; one with fewer loads has nothing in the later ones."""
    scenarios = list(scenarios)
    count = max((len(made.loads) for made in scenarios), default=0)
    loads = [{} for _ in range(count)]
    for made in scenarios:
        for load, own in zip(loads, made.loads):
            for collection, rows in own.items():
                load.setdefault(collection, []).extend(rows)
    return loads


def by_one_clock(load):
    """A load as if all places of a collection were one, whose clock is right: collection -> rows."""
    made = {}
    for key, rows in load.items():
        collection, place = collection_of(key)
        behind = SLOW_BY if place.startswith(f"{SLOW}.") else timedelta(0)
        made.setdefault(collection, []).extend(
            {**row, **{column: row[column] + behind for column in ("uuid_ts", "loaded_at") if column in row}} for row in rows)
    return made


def overrides_after(scenarios, number):
    """The rows of identity_overrides of all scenarios once so many loads have come."""
    return [row for made in scenarios if made.overrides for row in made.overrides[min(number, len(made.overrides)) - 1]]
