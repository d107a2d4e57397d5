"""The rules an analyst can edit, read from the seed files."""

import csv
import re
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from pathlib import Path

from .urls import in_domain, path_of

# Not listed: shopping. A shop that sends visitors is an ordinary referral under its short name.
MEDIUM_OF_CATEGORY = {
    "search": "organic",
    "social": "social",
    "email": "email",
    "ai_assistant": "ai-assistant",
    "video": "video",
    "display": "display",
}


LONGEST_ID = 255


def text_of(value):
    """A value as text: a whole number (of at most 38 digits) has neither a point nor an exponent, however it was stored."""
    if isinstance(value, (float, Decimal)) and (not isfinite(value) or value == value // 1):
        return format(Decimal(repr(value + 0)) if isinstance(value, float) else value, "f").partition(".")[0] if abs(value) < 1e38 else ""
    return str(value)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_true(text):
    return str(text).strip().lower() in ("true", "t", "1", "yes")


@dataclass
class Rules:
    """Rows of the five seed files, each a dict of texts by column name."""

    invalid_ids: list = field(default_factory=list)
    click_ids: list = field(default_factory=list)
    referrers: list = field(default_factory=list)
    excluded_referrers: list = field(default_factory=list)
    channel_rules: list = field(default_factory=list)

    def __post_init__(self):
        self.junk = {row["invalid_id"].lower() for row in self.invalid_ids} | {""}
        self.exclusions_of_host = {}
        self.ordered_channel_rules = sorted(self.channel_rules, key=lambda row: int(row["rule_order"]))
        # Longest pattern first, equal lengths by text: the first that matches is the one that counts.
        self.ordered_referrers = sorted(
            self.referrers, key=lambda row: (-len(row["host_pattern"]), row["host_pattern"])
        )
        self.category_of_name = {}
        for row in sorted(self.referrers, key=lambda row: row["host_pattern"]):
            if row["source"]:
                self.category_of_name.setdefault(row["source"], row["category"])
        self.referrer_of_host = {}
        self.rule_of = {}

    @classmethod
    def read(cls, seeds_dir):
        """Read the five CSV files of a folder; a missing file raises FileNotFoundError."""
        return cls(**{name: read_csv(Path(seeds_dir) / f"{name}.csv") for name in cls.__dataclass_fields__})

    def valid_id(self, value):
        """The trimmed id, or None if it is empty, too long, has a tab in it or is junk such as 'null'."""
        if value is None:
            return None
        trimmed = text_of(value).strip(" \t\n\r\f\v")
        return None if "\t" in trimmed or len(trimmed) > LONGEST_ID or trimmed.lower() in self.junk else trimmed

    def is_excluded_referrer(self, host, page_url=None, parameters=()):
        """Did the visitor come back from the host, rather than come from there? parameters: lower-case names of the page's."""
        if host not in self.exclusions_of_host:
            self.exclusions_of_host[host] = [
                row.get("returned_to") or "" for row in self.excluded_referrers if host_matches(host, row["domain"])]
        return any(is_such_page(page_url, {*parameters}, page)
                   for pages in self.exclusions_of_host[host] for page in pages.split("|"))

    def referrer(self, host):
        """The row of referrers.csv a host belongs to, or None."""
        if host not in self.referrer_of_host:  # many visits, few hosts
            matching = (row for row in self.ordered_referrers if host_matches(host, row["host_pattern"]))
            self.referrer_of_host[host] = next(matching, None)
        return self.referrer_of_host[host]

    def source_category(self, source):
        """Category of a touch's source: as a host, else as a short name; '' if unknown."""
        name = (source or "").lower()
        row = self.referrer(name)
        return row["category"] if row else self.category_of_name.get(name, "")

    def channel(self, source, medium, campaign):
        """Name of the channel."""
        return self.channel_rule(source, medium, campaign)["channel"]

    def channel_rule(self, source, medium, campaign):
        """The rule that names the channel and says whether it is paid: the first, in rule order, of which all conditions hold."""
        key = (source, medium, campaign)
        if key not in self.rule_of:
            matching = (row for row in self.ordered_channel_rules if self.rule_holds(row, *key))
            self.rule_of[key] = next(matching, {"channel": "Unassigned", "is_paid": "false"})
        return self.rule_of[key]

    def rule_holds(self, rule, source, medium, campaign):
        texts = {"source_pattern": source, "medium_pattern": medium, "campaign_pattern": campaign}
        for condition, text in texts.items():
            if rule[condition] and not re.search(rule[condition], (text or "").lower(), re.DOTALL):
                return False
        categories = rule["source_category"]
        return not categories or self.source_category(source) in categories.split("|")


def is_such_page(url, parameters, page):
    """'/auth/' is a part of the page's path, 'code+state' two of its parameters; '' is any page."""
    if page.startswith("/"):
        return page in (path_of(url) or "").lower() + "/"
    return not page or parameters.issuperset(page.split("+"))


def host_matches(host, pattern):
    """'bing.com' is that host and its subdomains; 'google.*' also google.de, www.google.co.uk; '*.google.*' not google.de."""
    if pattern.startswith("*."):
        above = host.partition(".")[2]
        return above != "" and host_matches(above, pattern[2:])
    if not pattern.endswith(".*"):
        return in_domain(host, pattern)
    return re.search(r"(?:\A|\.)" + re.escape(pattern[:-2]) + r"(?:\.[a-z]+){1,2}\Z", host) is not None
