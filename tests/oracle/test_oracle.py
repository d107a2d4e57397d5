"""The reference itself, pinned by small cases worked by hand."""

from datetime import datetime, timedelta, timezone

import pytest

from oracle import Rules, Settings, compute
from oracle.example_seeds import write_seeds
from oracle.urls import host_of

T0 = datetime(2026, 1, 31, 23, 40)
US = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
GAP = 20 * MINUTE

SHOP = "https://shop.example"


@pytest.fixture(scope="session")
def rules(tmp_path_factory):
    return Rules.read(write_seeds(tmp_path_factory.mktemp("seeds")))


def row(id_, anonymous_id=None, user_id=None, at=T0, **columns):
    return {"id": id_, "anonymous_id": anonymous_id, "user_id": user_id, "timestamp": at, **columns}


def page(id_, anonymous_id="a", user_id=None, at=T0, url=None, referrer=None, **columns):
    return row(id_, anonymous_id, user_id, at, url=url, referrer=referrer, **columns)


def run(rules, pages=(), tracks=(), identifies=(), aliases=(), **settings):
    load = {"pages": pages, "tracks": tracks, "identifies": identifies, "aliases": aliases}
    return compute(load, Settings(**settings), rules)


def pick(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


def session_ids(tables):
    return [session_id for session_id, in pick(tables["all_sessions"], "session_id")]


@pytest.mark.parametrize("pause, expected", [(GAP - US, ["1"]), (GAP, ["1"]), (GAP + US, ["1", "2"])])
def test_gap_is_exact_and_midnight_and_month_end_break_nothing(rules, pause, expected):
    assert session_ids(run(rules, [page("1"), page("2", at=T0 + pause)])) == expected


def test_gap_may_be_a_fraction(rules):
    pages = [page("1"), page("2", at=T0 + timedelta(seconds=6)), page("3", at=T0 + timedelta(seconds=12) + US)]
    assert session_ids(run(rules, pages, session_gap_minutes=0.1)) == ["1", "3"]


def test_two_devices_merge_after_an_identify(rules):
    pages = [page("1", "phone"), page("2", "laptop", at=T0 + 15 * MINUTE), page("3", "phone", at=T0 + 30 * MINUTE)]
    assert pick(run(rules, pages)["all_sessions"], "session_id", "alias_id", "is_identified") == [
        ("1", "phone", False), ("2", "laptop", False), ("3", "phone", False)]
    known = [row("i1", "phone", "ann", T0 + 90 * MINUTE), row("i2", "laptop", "ann", T0 + 91 * MINUTE)]
    session, = run(rules, pages, identifies=known)["all_sessions"]
    assert pick([session], "session_id", "alias_id", "is_identified", "event_count", "anonymous_id_count",
                "duration_seconds", "session_end") == [("1", "ann", True, 3, 2, 1800.0, T0 + 30 * MINUTE)]


@pytest.mark.parametrize("policy, owners, lasting", [
    ("timeline", ["ann", "bob", "ann", "ann"], "ann"),  # each visit: who is identified next, else the last
    ("first", ["ann"] * 4, "ann"),
    ("last", ["ann"] * 4, "ann"),
])
def test_shared_device(rules, policy, owners, lasting):
    hour = 60 * MINUTE
    identifies = [row("i1", "a", "ann", T0 + hour), row("i2", "a", "bob", T0 + 3 * hour),
                  row("i3", "a", "ann", T0 + 5 * hour)]
    visits = [page(f"v{n}", at=T0 + n * 2 * hour) for n in range(4)]
    tables = run(rules, visits, identifies=identifies, identity_policy=policy)
    assert pick(tables["all_sessions"], "alias_id") == [(owner,) for owner in owners]
    device = next(alias for alias in tables["aliases"] if alias["id"] == "a")
    assert (device["alias_id"], device["user_count"], device["last_seen_at"]) == (lasting, 2, T0 + 6 * hour)
    assert pick(tables["known_pairs"], "user_id", "first_seen_at", "last_seen_at") == [
        ("ann", T0 + hour, T0 + 5 * hour), ("bob", T0 + 3 * hour, T0 + 3 * hour)]


@pytest.mark.parametrize("policy, owners", [
    ("timeline", ["ann", "ann", "bob", "bob"]), ("first", ["ann"] * 4), ("last", ["bob"] * 4)])
def test_visit_that_begins_with_the_identify_belongs_to_that_user(rules, policy, owners):
    hour = 60 * MINUTE
    identifies = [row("i1", "a", "ann", T0 + hour), row("i2", "a", "bob", T0 + 3 * hour)]
    visits = [page("1"), page("2", at=T0 + hour), page("3", at=T0 + hour + GAP + US), page("4", at=T0 + 9 * hour)]
    tables = run(rules, visits, identifies=identifies, identity_policy=policy)
    assert pick(tables["all_sessions"], "alias_id") == [(owner,) for owner in owners]


def test_users_seen_at_the_same_time_are_ordered_by_message_then_by_name(rules):
    identifies = [row("i2", "a", "ann"), row("i1", "a", "bob")]
    owner = {policy: run(rules, identifies=identifies, identity_policy=policy)["aliases"][0]["alias_id"]
             for policy in ("timeline", "first", "last")}
    assert owner == {"timeline": "ann", "first": "ann", "last": "ann"}
    assert run(rules, [page("1", at=T0)], identifies=identifies)["all_sessions"][0]["alias_id"] == "bob"


def test_late_event_joins_two_sessions(rules):
    first = {"pages": [page("1"), page("3", at=T0 + 2 * GAP)]}
    late = {"pages": [page("2", at=T0 + GAP)]}
    assert session_ids(compute([first], Settings(), rules)) == ["1", "3"]
    assert session_ids(compute([first, late], Settings(), rules)) == ["1"]


@pytest.mark.parametrize("after, sources", [
    (timedelta(seconds=30), ["newsletter"]), (timedelta(seconds=30) + US, ["(direct)", "newsletter"])])
def test_entry_evidence_within_the_window(rules, after, sources):
    pages = [page("1", url=SHOP), page("2", at=T0 + after, url=SHOP + "/?utm_source=newsletter")]
    tables = run(rules, pages)
    assert [touch["source"] for touch in tables["touches"]] == sources
    assert tables["touches"][0]["landing_page_url"] == SHOP
    assert pick(tables["all_sessions"], "source", "is_direct") == [(sources[0], sources[0] == "(direct)")]


@pytest.mark.parametrize("referrer, source, medium", [
    (SHOP + "/x", "(direct)", "(none)"),  # self-referral
    ("https://blog.own.example/", "(direct)", "(none)"),
    ("https://www.paypal.com/pay", "(direct)", "(none)"),
    ("shop.example.net/no-scheme", "(direct)", "(none)"),
    ("https://notshop.example/", "notshop.example", "referral"),
    ("https://WWW.Google.co.uk:443/search", "google", "organic"),
    ("https://google.evil.example.com/", "google.evil.example.com", "referral"),
    ("https://mail.google.com/", "gmail", "email"),
    ("//chatgpt.com", "chatgpt", "ai-assistant"),
    ("https://m.shop.com", "shop", "referral"),
])
def test_referrers(rules, referrer, source, medium):
    tables = run(rules, [page("1", url=SHOP + "/", referrer=referrer)], own_domains=("own.example",))
    touch, = tables["touches"]
    is_direct = source == "(direct)"
    assert pick([touch], "source", "medium", "is_direct", "referrer") == [
        (source, medium, is_direct, None if is_direct else referrer)]


@pytest.mark.parametrize("query, expected", [
    ("gclid=G%2B1", ("google", "cpc", "gclid", "G+1", True)),
    ("fbclid=F&GCLID=g", ("google", "cpc", "gclid", "g", True)),
    ("gclid=&fbclid=F", ("facebook", "social", "fbclid", "F", False)),
    ("gclid=G&utm_medium=email", (None, "email", "gclid", "G", True)),
    ("utm_source=x&utm_medium=Paid-Social", ("x", "Paid-Social", None, None, True)),
    ("utm_source=partner", ("partner", None, None, None, True)),
    ("utm_source=%FF+&utm_medium=a+b%20", ("%FF+", "a b", None, None, False)),
    ("utm_source=&utm_source=x", ("x", None, None, None, False)),
    ("x=1#utm_source=x&UTM_MEDIUM=y", ("x", "y", None, None, False)),
    ("utm_source=x#/page?utm_source=y&utm_medium=z", ("x", "z", None, None, False)),
    ("utm_source=x&amp;utm_medium=email&AMP;amp;gclid=G", ("x", "email", "gclid", "G", True)),
    ("utm_source=x;y?utm_medium=z", ("x", "z", None, None, False)),
    ("utm_source=x;y&utm_medium=z", ("x;y", "z", None, None, False)),
    ("utm_source=%7Bx.y%7D&utm_source=z&utm_medium=(Not+Set)&gclid=undefined", ("z", None, None, None, False)),
])
def test_paid_and_unpaid_click_ids_and_parameters(rules, query, expected):
    touch, = run(rules, [page("1", url=f"{SHOP}/?{query}")])["touches"]
    assert pick([touch], "source", "medium", "click_id_name", "click_id", "is_paid") == [expected]


def test_campaign_column_wins_over_the_url_parameter_by_parameter(rules):
    arrival = page("1", url=SHOP + "/?utm_source=url&utm_campaign=sale", context_campaign_source="column")
    touch, = run(rules, [arrival])["touches"]
    assert pick([touch], "source", "medium", "campaign", "channel") == [("column", None, "sale", "Sale")]


def test_search_has_what_the_url_lacks_and_a_placeholder_is_missing(rules):
    arrival = page("1", url=SHOP + "/p?id=5&utm_medium=", search="?id=5&utm_source=x&utm_medium=email&gclid=G#", context_campaign_source="{{source}}")
    touch, = run(rules, [arrival])["touches"]
    assert pick([touch], "source", "medium", "click_id") == [("x", "email", "G#")]


@pytest.mark.parametrize("url, host", [
    ("https://WWW.MÜLLER.DE./x", "www.müller.de"), ("https://ΟΔΟΣ.ΕΛΛΑΣ", "οδοσ.ελλασ"), ("//a@b:c@Host.example:80/@", "host.example"),
    ("http://[2001:DB8::1]:80/", "[2001:db8::1]"), ("http://[::1", None), ("/x//a.example", None), ("https://./", None), (" x://a", "a"), (None, None),
])
def test_hosts(url, host):
    assert host_of(url) == host


def test_only_other_evidence_makes_another_touch(rules):
    urls = ["/?utm_source=x&utm_term=1", "/", "/?utm_source=x&utm_term=2", "/?utm_source=y", "/?utm_source=x"]
    pages = [page(f"e{n}", at=T0 + n * MINUTE, url=SHOP + url) for n, url in enumerate(urls)]
    assert pick(run(rules, pages)["touches"], "touch_id", "touch_number", "source", "session_id") == [
        ("e0", 1, "x", "e0"), ("e3", 2, "y", "e0"), ("e4", 3, "x", "e0")]


@pytest.mark.parametrize("pages, touches", [
    # the first page without its parameters: the referrer is still that of the landing
    ([("/?gclid=G", "https://www.google.com/"), ("/two", "https://www.google.com/x")], ["e0"]),
    ([("/?utm_source=x", "https://www.google.com/"), ("/", "https://bing.com/"), ("/", "https://www.google.com/")],
     ["e0", "e1"]),
    # a referrer that was no evidence, because it came with a payment, is none later either
    ([("/", "https://www.paypal.com/"), ("/", "https://www.paypal.com/"), ("/?utm_source=x", "https://www.paypal.com/")],
     ["e0", "e2"]),
    # with parameters, these decide
    ([("/", "https://bing.com/"), ("/?gclid=G", "https://bing.com/"), ("/?gclid=%0AG%20", "https://BING.com/")],
     ["e0", "e1"]),
    ([("/?utm_source=x&utm_campaign=May", None), ("/?utm_source=X%09&utm_campaign=MAY", None)], ["e0"]),
])
def test_page_that_changes_without_a_load_is_no_arrival(rules, pages, touches):
    messages = [page(f"e{n}", at=T0 + n * MINUTE, url=SHOP + url, referrer=referrer)
                for n, (url, referrer) in enumerate(pages)]
    assert [touch["touch_id"] for touch in run(rules, messages)["touches"]] == touches


def test_signup_from_the_server_side(rules):
    pages = [page("1", url=SHOP + "/?gclid=G"), page("2", at=T0 + MINUTE, url=SHOP + "/blog/a"),
             page("3", user_id="ann", at=T0 + 2 * MINUTE),
             page("4", user_id="ann", at=T0 + timedelta(days=1), referrer="https://facebook.com/")]
    signup = row("5", None, "ann", T0 + timedelta(days=1, minutes=5), event="signed_up")
    tables = run(rules, pages, [signup])
    found, = tables["attribution"]
    assert found["alias_id"] == "ann" and found["signup_session_id"] == "4"
    assert (found["session_count_before_signup"], found["signed_up_in_first_session"]) == (1, False)
    assert found["days_to_signup"] == 1 + 5 / 1440
    assert (found["blog_url"], found["first_page_ever_visited"]) == (SHOP + "/blog/a", SHOP + "/?gclid=G")
    assert (found["first_touch_source"], found["last_touch_channel"]) == ("google", "Social")
    assert found["last_attributed_touch_click_id"] == "G"
    assert found["last_attributed_touch_timestamp"] == T0
    assert pick(tables["useful_sessions"], "session_id", "is_first_session", "is_signup_session") == [
        ("1", True, False), ("4", False, True)]
    wider = run(rules, pages, [signup], attributed_channels=("Social",))["attribution"][0]
    assert wider["last_attributed_touch_session_id"] == "4"


@pytest.mark.parametrize("days, first_source", [(None, "x"), (1, "x"), (0.5, None), (0, None)])
def test_lookback_may_leave_no_touch(rules, days, first_source):
    pages = [page("1", url=SHOP + "/?utm_source=x")]
    pages += [page(f"p{n}", at=T0 + n * GAP) for n in range(1, 73)]  # one session of a day: one touch
    signup = row("s", "a", None, T0 + timedelta(days=1), event="signed_up")
    found, = run(rules, pages, [signup], attribution_lookback_days=days)["attribution"]
    assert (found["first_touch_source"], found["last_touch_source"]) == (first_source, first_source)
    assert found["first_attributed_touch_timestamp"] is None


def test_signup_as_first_event_counts_its_own_touch_at_lookback_zero(rules):
    found, = run(rules, tracks=[row("s", "a", event_text="signed_up")], attribution_lookback_days=0)["attribution"]
    assert (found["first_touch_source"], found["signed_up_in_first_session"]) == ("(untracked)", True)


def test_signup_that_no_browser_was_seen_at_is_untracked_and_not_direct(rules):
    up = row("s", None, "ann", event="signed_up")
    tables = run(rules, tracks=[up])
    untracked = ("(untracked)", "(none)", "Untracked", False, False, True)
    columns = ("source", "medium", "channel", "is_direct", "is_paid", "is_untracked")
    assert pick(tables["touches"], *columns) == pick(tables["all_sessions"], *columns) == [untracked]
    assert pick(tables["attribution"], "signup_evidence", "first_touch_channel") == [("none", "Untracked")]
    for seen in ({"context_user_agent": "ua"}, {"context_page_url": SHOP}, {"context_page_referrer": SHOP}):
        tables = run(rules, tracks=[{**up, **seen}], own_domains=("shop.example",))
        assert pick(tables["touches"], *columns) == [("(direct)", "(none)", "Direct", True, False, False)]
        assert pick(tables["attribution"], "signup_evidence") == [("browser_before",)]
    assert pick(run(rules, tracks=[{**up, "context_user_agent": " ", "context_page_url": "\t "}])["touches"], *columns) == [untracked]
    tables = run(rules, tracks=[{**up, "context_campaign_source": "x"}])
    assert pick(tables["touches"], "source", "is_untracked") == [("x", False)]
    assert tables["attribution"][0]["signup_evidence"] == "none"


@pytest.mark.parametrize("after, evidence", [(timedelta(), "browser_before"), (US, "none")])
def test_evidence_of_a_signup_is_what_a_browser_did_up_to_it(rules, after, evidence):
    tables = run(rules, [page("1", None, "ann", at=T0 + after)], [row("0s", None, "ann", event="signed_up")])
    assert tables["attribution"][0]["signup_evidence"] == evidence
    assert pick(tables["touches"], "is_untracked", "is_direct") == [(False, True)]  # a browser was seen in the session


@pytest.mark.parametrize("signup_id, blog_url", [("0s", None), ("2", SHOP + "/blog/a")])
def test_blog_page_at_the_time_of_the_signup_counts_in_the_order_of_events(rules, signup_id, blog_url):
    tables = run(rules, [page("1", url=SHOP + "/blog/a")], [row(signup_id, "a", event="signed_up")])
    assert tables["attribution"][0]["blog_url"] == blog_url


@pytest.mark.parametrize("arrival, source, is_direct, url", [
    ({"url": f" {SHOP}/x\n", "referrer": " https://www.google.com/ "}, "google", False, SHOP + "/x"),
    ({"url": " ", "referrer": "\t", "context_page_url": SHOP}, "(direct)", True, SHOP),
    ({"url": SHOP, "context_campaign_source": "(Direct)", "context_campaign_medium": "(none)"}, "(Direct)", True, SHOP),
    ({"url": SHOP + "?gclid=G", "context_campaign_source": "(direct)", "context_campaign_medium": "(none)"},
     "(direct)", False, SHOP + "?gclid=G"),
])
def test_blank_and_padded_texts_and_parameters_that_say_direct(rules, arrival, source, is_direct, url):
    touch, = run(rules, [row("1", "a", **arrival)])["touches"]
    assert (touch["source"], touch["is_direct"], touch["landing_page_url"]) == (source, is_direct, url)


def test_touch_after_the_signup_does_not_count(rules):
    pages = [page("1"), page("2", at=T0 + MINUTE + US, url=SHOP + "/blog/?gclid=G")]
    found, = run(rules, pages, [row("s", "a", at=T0 + MINUTE, event="signed_up")])["attribution"]
    assert (found["last_touch_source"], found["last_attributed_touch_source"]) == ("(direct)", None)
    assert (found["blog_url"], found["first_page_ever_visited"]) == (None, SHOP + "/blog/?gclid=G")


def test_ignored_events_and_identifies_are_no_visit_but_say_who(rules):
    tables = run(rules, [page("1")], [row("2", "a", "ann", T0 + GAP, event="heartbeat")],
                 identifies=[row("3", "b", "bob")], ignored_events=("heartbeat",))
    assert pick(tables["all_sessions"], "alias_id", "event_count") == [("ann", 1)]
    assert pick(tables["aliases"], "id", "alias_id") == [("a", "ann"), ("b", "bob"), ("ann", "ann"), ("bob", "bob")]


def alias(id_, previous_id, user_id, at=T0):
    return {**row(id_, None, user_id, at), "previous_id": previous_id}


def persons(tables):
    return {found["id"]: found["alias_id"] for found in tables["aliases"]}


def test_alias_message_for_an_anonymous_id_pairs_it_with_its_user(rules):
    before = {"aliases": [alias("l", "a", "ann", T0 + GAP)]}
    tables = compute([before], Settings(), rules)
    assert tables["known_pairs"] == [] and pick(tables["aliases"], "id") == [("ann",)]
    tables = compute([before, {"identifies": [row("i", "a", "bob")]}, {"pages": [page("1", at=T0 + MINUTE)]}], Settings(), rules)
    assert pick(tables["known_pairs"], "anonymous_id", "user_id", "first_seen_at", "last_seen_at") == [
        ("a", "ann", T0 + GAP, T0 + GAP), ("a", "bob", T0, T0)]
    assert tables["all_sessions"][0]["alias_id"] == "ann" and persons(tables)["a"] == "ann"
    device = next(found for found in tables["aliases"] if found["id"] == "a")
    assert (device["user_count"], device["last_seen_at"]) == (2, T0 + MINUTE)  # the alias message has no anonymous id


def test_alias_messages_between_users_make_one_person(rules):
    links = [alias("l1", "old", "new"), alias("l2", "older", "old"), alias("l3", "x", "x")]
    pages = [page("2", None, "new", at=T0 + GAP), page("1", "a", "old"), page("3", "a", at=T0 + MINUTE)]
    tables = run(rules, pages, aliases=links)
    assert pick(tables["all_sessions"], "alias_id", "event_count") == [("old", 3)]  # older has no session event
    assert persons(tables) == {"a": "old", "old": "old", "new": "old", "x": "x"}
    assert persons(run(rules, pages[:1] + pages[2:], aliases=links))["old"] == "new"
    assert persons(run(rules, aliases=links))["old"] == "new"  # the smallest id where there is no session event
    apart = run(rules, pages, aliases=links, max_users_per_person=2)
    assert persons(apart)["new"] == "new" and pick(apart["all_sessions"], "alias_id") == [("old",), ("new",)]
    assert pick(apart["unmerged_groups"], "group_id", "reason", "user_id", "linked_user_id", "user_count") == [
        ("new", "too_many_users", "new", "old", 3), ("new", "too_many_users", "old", "older", 3)]
    together = run(rules, pages, aliases=links, max_users_per_person=3)
    assert together["unmerged_groups"] == [] and persons(together)["new"] == "old"


def test_earliest_loaded_copy_counts(rules):
    def copy(received, loaded, url):
        return page("1", url=url, received_at=received, uuid_ts=loaded)

    later, sooner = copy(T0, T0 + GAP, "/later"), copy(T0 + US, T0 + MINUTE, "/sooner")
    smaller = copy(T0 + US, T0 + MINUTE, "/a")
    assert run(rules, [later, sooner])["app_tracks"][0]["page_url"] == "/sooner"
    assert run(rules, [sooner, smaller])["app_tracks"][0]["page_url"] == "/a"
    loads = [{"pages": [later]}, {"pages": [sooner]}]
    assert pick(compute(loads, Settings(), rules)["app_tracks"], "page_url") == [("/later",)]
    assert len(run(rules, [page("1")], [row("1", "a")])["app_tracks"]) == 2  # two tables, two messages


def test_rejected_with_the_first_reason(rules):
    pages = [page(" NULL ", None), page("2", "undefined", " "), page("3", at=None), page("4", at="yesterday"),
             page("5 ", " b\t")]
    pages += [page(None, None), page(None, None, title="other")]
    tables = run(rules, pages)
    assert pick(tables["rejected_events"], "event_id", "reason") == [
        (None, "missing_event_id"), (None, "missing_event_id"),
        ("2", "missing_identity"), ("3", "missing_timestamp"), ("4", "missing_timestamp")]
    assert pick(tables["app_tracks"], "event_id", "anonymous_id") == [("5", "b")]


@pytest.mark.parametrize("ahead, corrected", [
    (60 * MINUTE, False), (60 * MINUTE + US, True), (-timedelta(days=1.5), False), (-timedelta(days=1.5) - US, True)])
def test_clock_skew(rules, ahead, corrected):
    message, = run(rules, [page("1", at=T0 + ahead, received_at=T0)], max_event_age_days=1.5)["app_tracks"]
    assert message["is_clock_corrected"] is corrected
    assert message["occurred_at"] == (T0 if corrected else T0 + ahead)


@pytest.mark.parametrize("value, expected", [
    ("2026-01-31 23:40", T0), ("2026-01-31T23:40:00.0000019Z", T0 + US), ("2026-02-01T01:10:00+01:30", T0),
    ("2026-01-31 18:40-05", T0), (datetime(2026, 2, 1, 0, 40, tzinfo=timezone(timedelta(hours=1))), T0),
    ("2026-01-31", datetime(2026, 1, 31)), ("2026-02-30", None), ("infinity", None), ("31.01.2026", None)])
def test_times(rules, value, expected):
    assert [message["occurred_at"] for message in run(rules, [page("1", at=value)])["app_tracks"]] == (
        [expected] if expected else [])


def test_first_usable_time_counts(rules):
    late = T0 + GAP
    message, = run(rules, [page("1", at=None, original_timestamp="?", sent_at=T0, received_at=late)])["app_tracks"]
    assert pick([message], "occurred_at", "received_at", "loaded_at") == [(T0, late, late)]


@pytest.mark.parametrize("url, path", [(SHOP, "/"), (SHOP + "?a/b", "/"), ("/x/y#z", "/x/y"), (None, None)])
def test_landing_page_path(rules, url, path):
    session, = run(rules, [page("1", url=url)])["all_sessions"]
    assert session["landing_page_path"] == path
