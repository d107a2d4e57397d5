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


def url(path):
    return path and SITE + path


def at(minute):
    return STARTED + timedelta(minutes=minute)


def page(visitor, number, minute, path, referrer, load):
    return {"id": f"{visitor} {number}", "anonymous_id": visitor, "timestamp": at(minute), "received_at": at(minute),
            "uuid_ts": at(60 + load), "url": url(path), "referrer": referrer}


def loads_of(visitors):
    """Loads, in order, of the pages of all visitors."""
    loads = [{"pages": []}, {"pages": []}]
    for visitor, (pages, _) in visitors.items():
        for number, told in enumerate(pages):
            loads[told[-1]]["pages"].append(page(visitor, number, *told))
    return loads


def touches_by_visitor(engine):
    rows = sorted(engine.published("touches"), key=lambda row: (row["alias_id"], row["touch_number"]))
    return {visitor: [((row["touch_timestamp"] - STARTED) // timedelta(minutes=1), row["source"], row["medium"], row["channel"])
                      for row in own] for visitor, own in groupby(rows, lambda row: row["alias_id"])}


def test_arrivals(engine, project_seeds):
    """Two loads: the second one brings earlier pages, and tells that two devices are one person's."""
    visitors = PAGES_THAT_KEEP_THEIR_REFERRER
    loads = loads_of(visitors)
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
    assert found == {visitor: touches for visitor, (_, touches) in visitors.items()}
