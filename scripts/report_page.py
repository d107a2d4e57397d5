"""The page of the report: facts in, one HTML text out that needs nothing else.

Whatever comes from the tables is escaped by Jinja; only the page's own scripts run (their hashes are in its policy), and
nothing may be fetched: https://www.w3.org/TR/CSP3/.
"""

import base64
import hashlib
from pathlib import Path

import altair as alt
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import report_charts as charts
from report_facts import RECENT_DAYS
from report_words import FILTERS, MODELS

FOLDER = Path(__file__).parent / "report"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def page_of(facts: dict) -> str:
    """The report as HTML. facts: as read_facts gives them."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters |= FILTERS
    library, own = vl_convert.javascript_bundle(vl_version=VEGA_LITE), text_of("page.js")
    made = {chart.name: chart for chart in charts_of(facts)}
    return environment.get_template("page.html.j2").render(
        facts, charts=made, specs={name: chart.spec for name, chart in made.items()}, tables=tables_of(facts),
        style=text_of("page.css"), scripts=[library, own], hashes=[digest(library), digest(own)],
        models=MODELS, recent_days=RECENT_DAYS, fewest=charts.FEWEST)


def text_of(name: str) -> str:
    """A file of the page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """The name of a script in the page's policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def charts_of(facts: dict) -> list[charts.Chart]:
    """The charts that there is something to draw for."""
    found = []
    if facts["health"].get("months"):
        found.append(charts.months_chart(facts["health"]["months"]))
    if facts["first_on"] is None or not facts["over_time"]["signups"]:
        return found
    found += [charts.over_time_chart(facts["over_time"]), charts.touches_chart(facts["touches"])]
    if facts["credits"].get("rows"):
        found.append(charts.credits_chart(facts["credits"]))
    if facts["retention"].get("rows"):
        found += filter(None, [charts.retention_chart(facts["retention"])])
    if "missing" not in facts["waiting"]:
        found += charts.waiting_charts(facts["waiting"])
    return found


def tables_of(facts: dict) -> dict[str, dict]:
    """Chart -> its numbers: columns (title, kind of value, see report_words) and rows."""
    found = {}
    if months := facts["health"].get("months"):
        found["months"] = table([("Month", "month"), ("Messages", "number"), ("Last changed by refresh", "number")], months,
                                "month", "messages", "newest_batch_id")
    if facts["first_on"] is None:
        return found
    over_time, touches = facts["over_time"], facts["touches"]
    kind = over_time["kind"]
    found["over-time"] = table([(kind.capitalize(), "day"), ("First-touch channel", "text"), ("Sign-ups", "number")],
                               [row for row in over_time["rows"] if row["signups"]], "start", "channel", "signups")
    found["touches"] = table([("First touch", "text"), ("Last touch", "text"), ("Sign-ups", "number")],
                             sorted(touches["rows"], key=lambda row: (-row["signups"], row["first"], row["last"])),
                             "first", "last", "signups")
    if facts["credits"].get("rows"):
        found["credits"] = credits_table(facts["credits"]["rows"])
    if facts["retention"].get("rows"):
        found["retention"] = table(
            [("Channel", "text"), (facts["retention"]["kind"].capitalize(), "number"), ("Sign-ups", "number"),
             ("Active", "number"), ("Share", "share")],
            charts.retention_rows(facts["retention"]), "channel", "age", "signups", "active", "share")
    for measure, title in (("days", "Days"), ("sessions", "Sessions")):
        if measure in facts["waiting"]:
            found[measure] = table([(title, "text"), ("Sign-ups", "number")], facts["waiting"][measure], "label", "signups")
    return found


def table(columns, rows, *names) -> dict:
    """A table of these parts of the rows."""
    return {"columns": columns, "rows": [[row[name] for name in names] for row in rows]}


def credits_table(rows) -> dict:
    """A row for each channel, a column for each model."""
    counts = {(row["channel"], row["model"]): row["signups"] for row in rows}
    largest = {}
    for (channel, _), count in counts.items():
        largest[channel] = largest.get(channel, 0) + count
    ordered = sorted(largest, key=lambda channel: (-largest[channel], channel))
    return {"columns": [("Channel", "text"), *((words, "decimal") for words in MODELS.values())],
            "rows": [[channel, *(counts.get((channel, model), 0) for model in MODELS)] for channel in ordered]}
