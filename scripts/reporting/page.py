"""The page of the report: facts in, one HTML text out that needs nothing else.

Whatever comes from the tables is escaped by Jinja or set as text by the page's own script; only its two scripts run (their
hashes are in its policy), and nothing may be fetched: https://www.w3.org/TR/CSP3/.
"""

import base64
import hashlib
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from explaining.words import CAUSES
from reporting.facts import CAMPAIGNS, RECENT_DAYS, STEPS
from reporting.words import FILTERS, MODELS

FOLDER = Path(__file__).parent / "html"
# What the page's script reads.
DATA = ("first_on", "last_on", "texts", "touches", "waiting", "sessions", "visitors", "money", "entries", "campaigns", "has",
        "currency", "retention", "retention_kind")


def page_of(facts: dict, site: str | None = None, period: str | None = None) -> str:
    """The report as HTML. facts: as read_facts gives them; site: its name; period: 'week', 'month' or 'quarter' to begin with."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters |= FILTERS
    environment.policies["json.dumps_kwargs"] = {"default": lambda value: value.isoformat(), "separators": (",", ":")}
    library, own = vl_convert.javascript_bundle(), text_of("charts.js") + text_of("page.js")
    data = {name: facts[name] for name in DATA if name in facts}
    data |= {"period": period, "steps": STEPS, "models": MODELS, "persons": list(facts["persons"]),
             "newest_at": facts["health"].get("newest_at"), "months": [list(row.values()) for row in facts["health"]["months"]]}
    return environment.get_template("page.html.j2").render(
        facts, data=data, site=site, models=MODELS, causes=CAUSES, recent_days=RECENT_DAYS, campaign_count=CAMPAIGNS,
        missing_of=facts["missing"], style=text_of("page.css"), scripts=[library, own], hashes=[digest(library), digest(own)])


def text_of(name: str) -> str:
    """A file of the page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """The name of a script in the page's policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
