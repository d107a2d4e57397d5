"""Which events are an arrival, and from where: hand-made visits with what has to be found, beside the oracle's rows."""

from datetime import datetime, timedelta
from itertools import groupby

from harness import assert_equal

STARTED = datetime(2026, 3, 10, 12)
SITE = "https://shop.example.com"
GOOGLE, FACEBOOK = "https://www.google.com/", "https://l.facebook.com/"
SOON, LATE = 0, 1  # the load that brings a page

# Visitor -> pages (minute, path and query, referrer, load), and after the loads the touches (minute, source, medium, channel).
PAGES_THAT_KEEP_THEIR_REFERRER = {
    "paid": ([(0, "/?gclid=G1", GOOGLE, SOON), (1, "/two", GOOGLE, SOON), (2, "/signup", GOOGLE, SOON)],
             [(0, "google", "cpc", "Paid Search")]),
    "cleaned url": ([(0, "/?utm_source=facebook&utm_medium=cpc", FACEBOOK, SOON), (1, "/", FACEBOOK, SOON)],
                    [(0, "facebook", "cpc", "Paid Social")]),
    "other referrer": ([(0, "/?gclid=G2", GOOGLE, SOON), (5, "/x", "https://www.bing.com/", SOON), (6, "/y", GOOGLE, SOON)],
                       [(0, "google", "cpc", "Paid Search"), (5, "bing", "organic", "Organic Search")]),
    "next session": ([(0, "/", GOOGLE, SOON), (21, "/two", GOOGLE, SOON)],
                     [(0, "google", "organic", "Organic Search"), (21, "google", "organic", "Organic Search")]),
    "after a payment": ([(0, "/paid", "https://www.paypal.com/", SOON), (5, "/thanks", "https://www.paypal.com/", SOON)],
                        [(0, "(direct)", "(none)", "Direct")]),
    "case and blanks": ([(0, "/?utm_source=Letter&utm_campaign=%C3%84PFEL", None, SOON),
                         (1, "/?utm_source=letter%0A&utm_campaign=%09%C3%A4pfel%20", None, SOON),
                         (2, "/?fbclid=F1", None, SOON), (3, "/two?fbclid=f1+", None, SOON)],
                        [(0, "Letter", None, "Unassigned"), (2, "facebook", "social", "Organic Social")]),
    "late landing": ([(0, "/?utm_source=letter&utm_medium=email", "https://news.example.org/", LATE),
                      (5, "/two", "https://news.example.org/", SOON)], [(0, "letter", "email", "Email")]),
    "late page between": ([(0, "/", None, SOON), (9, "/three", "https://news.example.org/", SOON),
                           (4, "/two", "https://news.example.org/", LATE)],
                          [(0, "(direct)", "(none)", "Direct"), (4, "news.example.org", "referral", "Referral")]),
}


def login(referrer, back, landing="/?gclid=G1"):
    """Pages of somebody who landed, logged in elsewhere, was sent back to a page, and went on without a new load."""
    return [(0, landing, GOOGLE, SOON), (3, back, referrer, SOON), (4, "/welcome", referrer, SOON)]


AD = [(0, "google", "cpc", "Paid Search")]
MAIL = [(0, "letter", "email", "Email")]
RETURNS_FROM_LOGIN = {
    "facebook": (login("https://www.facebook.com/v19.0/dialog/oauth", "/auth/callback"), AD),
    "github": (login("https://github.com/login/oauth/authorize?client_id=1", "/users/Auth/github/callback",
                     "/?utm_source=letter&utm_medium=email"), MAIL),
    "only the origin": (login("https://github.com/", "/auth"), AD),
    "parameters": (login("https://www.linkedin.com/", "/in?CODE=1&state=2"), AD),
    "denied": (login("https://discord.com/", "/in?error=access_denied&state=2"), AD),
    "oauth 1": (login("https://api.twitter.com/", "/in?oauth_token=1&oauth_verifier=2"), AD),
    "google": (login("https://accounts.google.co.in/", "/in"), AD),
    "amazon": (login("https://www.amazon.co.uk/ap/oa", "/login-callback"), AD),
    "no login": (login("https://github.com/", "/author/callbacks?code=1&statement=2"),
                 [*AD, (3, "github.com", "referral", "Referral")]),
    "campaign": ([(0, "/", None, SOON), (3, "/auth/?utm_campaign=x", "https://www.facebook.com/", SOON)],
                 [(0, "(direct)", "(none)", "Direct"), (3, "(direct)", "(none)", "Direct")]),
}
# Referrer of a landing -> source, medium, channel.
SEARCH = ("google", "organic", "Organic Search")
FROM = {
    **{f"https://{host}.google.{domain}/": (f"{host}.google.{domain}", "referral", "Referral")
       for host in ("docs", "classroom", "meet", "calendar", "sites", "tagassistant", "ads", "translate", "x.y")
       for domain in ("com", "co.uk")},
    **{f"https://{host}/": SEARCH for host in ("www.google.de", "images.google.com", "google.com", "google.co.uk", "cse.google.com")},
    "https://mail.google.com/": ("gmail", "email", "Email"),
    "android-app://com.google.android.calendar/": ("com.google.android.calendar", "referral", "Referral"),
    "https://googleads.g.doubleclick.net/": ("google display network", "display", "Display"),
    "https://tpc.googlesyndication.com/": ("google display network", "display", "Display"),
    "https://l.facebook.com/": ("facebook", "social", "Organic Social"),
    "https://t.co/x": ("twitter", "social", "Organic Social"),
    "https://out.reddit.com/": ("reddit", "social", "Organic Social"),
    "https://nam02.safelinks.protection.outlook.com/": ("outlook", "email", "Email"),
    **{referrer: (source, "ai-assistant", "AI Assistant") for referrer, source in (
        ("https://copilot.com/", "copilot"), ("https://chatgpt.com/", "chatgpt"), ("android-app://com.openai.chatgpt/", "chatgpt"),
        ("https://www.perplexity.ai/", "perplexity"), ("android-app://ai.perplexity.app.android/", "perplexity"),
        ("https://gemini.google.com/", "gemini"), ("https://claude.ai/", "claude"))},
}
LANDINGS = {
    "?gad_source=1&gad_campaignid=123": ("google", "cpc", "Paid Search"),
    "?gad_source=1&gclid=G1&fbclid=F": ("google", "cpc", "Paid Search"),
    "?utm_source=copilot.com": ("copilot.com", None, "AI Assistant"),
    "?utm_source=chatgpt.com": ("chatgpt.com", None, "AI Assistant"),
    "?utm_source=chatgpt&utm_medium=cpc": ("chatgpt", "cpc", "Paid Other"),
}


def visitors():
    """Visitor -> pages and touches, of everything above."""
    return {
        **PAGES_THAT_KEEP_THEIR_REFERRER, **RETURNS_FROM_LOGIN,
        **{referrer: ([(0, "/", referrer, SOON)], [(0, *touch)]) for referrer, touch in FROM.items()},
        **{query: ([(0, "/" + query, GOOGLE, SOON)], [(0, *touch)]) for query, touch in LANDINGS.items()},
    }


def url(path):
    return path and SITE + path


def at(minute):
    return STARTED + timedelta(minutes=minute)


def page(visitor, number, minute, path, referrer, load):
    return {"id": f"{visitor} {number}", "anonymous_id": visitor, "timestamp": at(minute), "received_at": at(minute),
            "uuid_ts": at(60 + load), "url": url(path), "referrer": referrer}


def loads_of(told):
    """Loads, in order, of the pages of all visitors."""
    loads = [{"pages": []}, {"pages": []}]
    for visitor, (pages, _) in told.items():
        for number, facts in enumerate(pages):
            loads[facts[-1]]["pages"].append(page(visitor, number, *facts))
    return loads


def touches_by_visitor(engine):
    rows = sorted(engine.published("touches"), key=lambda row: (row["alias_id"], row["touch_number"]))
    return {visitor: [((row["touch_timestamp"] - STARTED) // timedelta(minutes=1), row["source"], row["medium"], row["channel"])
                      for row in own] for visitor, own in groupby(rows, lambda row: row["alias_id"])}


def test_arrivals(engine, project_seeds):
    """Two loads: the second one brings earlier pages, and tells that two devices are one person's."""
    told = visitors()
    loads = loads_of(told)
    for device, minute in (("phone", 0), ("laptop", 3)):
        loads[0]["pages"].append(page(device, 0, minute, "/", GOOGLE, SOON))
        loads[1].setdefault("identifies", []).append({
            "id": f"{device} login", "anonymous_id": device, "user_id": "ann", "timestamp": at(30), "uuid_ts": at(61)})
    for number, load in enumerate(loads, 1):
        engine.receive(load)
        engine.refresh()
        assert_equal(engine, loads[:number], rules=project_seeds, when=f"after load {number}")
    found = touches_by_visitor(engine)
    assert found.pop("ann") == [(0, "google", "organic", "Organic Search")]
    assert found == {visitor: touches for visitor, (_, touches) in told.items()}
    paid = {row["touch_id"]: row["is_paid"] for row in engine.published("touches")}
    assert paid["?gad_source=1&gad_campaignid=123 0"] and paid["https://tpc.googlesyndication.com/ 0"]
