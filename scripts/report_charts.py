"""The charts of the report as Vega-Lite specifications: facts (see report_facts) in, mappings out.

Colours are variables of the page's style sheet: a chart follows light, dark and print without being drawn again.
Legends are left to the page, where they wrap and are read by anybody.
"""

from dataclasses import dataclass, field

import altair as alt

from report_facts import SHOWN_CHANNELS, quotient, summed
from report_words import MODELS

OTHER = f"var(--c{SHOWN_CHANNELS + 1})"
EVERYBODY = "All sign-ups"
RETENTION_CHANNELS = 4  # more curves hide each other
FEWEST = 10  # people that a point of a curve rests on
# Models of credit that are drawn, and their marks. Those of paid touches alone would dwarf the others' differences, and
# position lies between linear and time decay.
DRAWN_MODELS = {"first": "circle", "last": "square", "last_non_direct": "diamond", "linear": "triangle-up",
                "time_decay": "triangle-down", "shapley": "cross", "markov": "circle"}
ROW = 30  # height of a row, in pixels
WORD_JOINER = "\u2060"
# https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Object#instance_properties
OF_EVERY_OBJECT = {
    "constructor", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "hasOwnProperty",
    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
}
CONFIG = {
    "background": "transparent", "font": "system-ui, sans-serif", "view": {"stroke": None}, "aria": False,
    "axis": {"labelColor": "var(--muted)", "titleColor": "var(--muted)", "labelFontSize": 12, "titleFontSize": 12,
             "titleFontWeight": "normal", "gridColor": "var(--line)", "domainColor": "var(--line)", "ticks": False,
             "labelPadding": 6, "titlePadding": 10, "labelSeparation": 6, "domain": False, "labelLimit": 130},
    "text": {"color": "var(--ink)", "fontSize": 12},
}


@dataclass(frozen=True)
class Chart:
    """A chart of the page. legend: name -> colour and shape; description: what it shows, for who does not see it."""

    name: str
    spec: dict
    description: str
    legend: dict = field(default_factory=dict)


def finished(name: str, chart, rows, description: str, height: int, legend=None) -> Chart:
    """The chart with its rows and what all have in common."""
    chart = chart.properties(data=alt.InlineData(values=rows), width="container", height=height)
    return Chart(name, ownless(chart.configure(**CONFIG).to_dict()), description, legend or {})


def ownless(spec):
    """The specification without texts that name what every object of JavaScript has: Vega keeps groups in objects by their name,
    and would find that instead. What follows such a text is not seen."""
    if isinstance(spec, dict):
        return {key: ownless(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [ownless(value) for value in spec]
    return f"{spec}{WORD_JOINER}" if isinstance(spec, str) and spec in OF_EVERY_OBJECT else spec


def colours(shown: dict[str, str]) -> dict[str, str]:
    """Name in charts -> colour, in the order of the channels; the rest of them is grey."""
    names = list(dict.fromkeys(shown.values()))
    own = {name: f"var(--c{place})" for place, name in enumerate(names[:SHOWN_CHANNELS], 1)}
    return {**own, **{name: OTHER for name in names[SHOWN_CHANNELS:]}}


def coloured(names: dict[str, str]) -> alt.Color:
    """The encoding of a channel by its colour."""
    return alt.Color("channel:N", scale=alt.Scale(domain=list(names), range=list(names.values())), legend=None)


def value_axis(field_name: str, title: str, **axis):
    """A vertical axis from 0 with few lines."""
    return alt.Y(field_name, title=title, axis=alt.Axis(tickCount=5, **axis))


def over_time_chart(facts: dict) -> Chart:
    names, kind = colours(facts["shown"]), facts["kind"]
    counts = summed([{**row, "name": facts["shown"][row["channel"]]} for row in facts["rows"]], "start", "name")
    labels = {start: f"{start:%b %Y}" if kind == "month" else f"{start.day} {start:%b}" for start, _ in sorted(counts)}
    rows = [{"start": labels[start], "channel": name, "place": list(names).index(name), "signups": count}
            for (start, name), count in counts.items()]
    chart = alt.Chart().mark_bar(stroke="var(--paper)", strokeWidth=1).encode(
        x=alt.X("start:O", title=None, sort=list(labels.values()), scale=alt.Scale(paddingInner=0.15),
                axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=value_axis("signups:Q", "Sign-ups", tickMinStep=1, format=",.0f"), color=coloured(names), order="place:O",
        tooltip=[alt.Tooltip("start:N", title=kind.capitalize()), alt.Tooltip("channel:N", title="Channel"),
                 alt.Tooltip("signups:Q", title="Sign-ups", format=",")])
    text = (f"Stacked bars: {facts['signups']:,} sign-ups by {kind}, from {min(labels)} to {max(labels)}, "
            "divided by the channel of the first touch.")
    return finished("over-time", chart, rows, text, 280, names)


def touches_chart(facts: dict) -> Chart:
    order = list(dict.fromkeys(facts["shown"].values()))
    named = [{"first": facts["shown"][row["first"]], "last": facts["shown"][row["last"]], "signups": row["signups"]}
             for row in facts["rows"]]
    rows = [{"first": first, "last": last, "signups": count}
            for (first, last), count in summed(named, "first", "last").items()]
    base = alt.Chart().encode(
        x=alt.X("last:N", title="Last touch", sort=order, scale=alt.Scale(domain=order),
                axis=alt.Axis(orient="top", labelAngle=-40, labelLimit=110)),
        y=alt.Y("first:N", title=None, sort=order, scale=alt.Scale(domain=order)))
    depth = alt.Scale(type="sqrt", domainMin=0, range=[0.04, 0.6])
    cells = base.mark_rect(fill="var(--c1)", stroke="var(--paper)", strokeWidth=2, cornerRadius=4).encode(
        fillOpacity=alt.FillOpacity("signups:Q", scale=depth, legend=None),
        tooltip=[alt.Tooltip("first:N", title="First touch"), alt.Tooltip("last:N", title="Last touch"),
                 alt.Tooltip("signups:Q", title="Sign-ups", format=",")])
    numbers = base.mark_text(fontSize=11).encode(text=alt.Text("signups:Q", format=","))
    share = facts["share_same"]
    text = "Heat map: sign-ups by the channel of the first touch (rows) and of the last touch (columns)."
    text += f" {share:.0%} have the same channel in both." if share is not None else ""
    return finished("touches", cells + numbers, rows, text, ROW * max(len(order), 1))


def credits_chart(facts: dict) -> Chart:
    drawn = list(DRAWN_MODELS)
    named = [{**row, "channel": facts["shown"][row["channel"]]} for row in facts["rows"] if row["model"] in drawn]
    rows = [{"channel": channel, "model": model, "words": MODELS[model], "signups": count}
            for (channel, model), count in summed(named, "channel", "model").items()]
    credited = {row["channel"] for row in rows if row["signups"]}
    channels = [name for name in dict.fromkeys(facts["shown"].values()) if name in credited]
    tints = {model: f"var(--c{place})" for place, model in enumerate(drawn, 1)}
    y = alt.Y("channel:N", title=None, sort=channels, axis=alt.Axis(grid=True))
    axis = alt.Axis(tickCount=5, format=",.0f", tickMinStep=1, labelOverlap=True)
    spread = alt.Chart().mark_rule(stroke="var(--muted)", strokeWidth=2, opacity=0.5).encode(
        y=y, x=alt.X("min(signups):Q", title="Sign-ups credited", axis=axis), x2="max(signups):Q")
    points = alt.Chart().mark_point(filled=True, size=85, opacity=1, stroke="var(--paper)", strokeWidth=0.7).encode(
        y=y, x=alt.X("signups:Q", axis=axis),
        fill=alt.Fill("model:N", scale=alt.Scale(domain=drawn, range=list(tints.values())), legend=None),
        shape=alt.Shape("model:N", scale=alt.Scale(domain=drawn, range=list(DRAWN_MODELS.values())), legend=None),
        tooltip=[alt.Tooltip("channel:N", title="Channel"), alt.Tooltip("words:N", title="Model"),
                 alt.Tooltip("signups:Q", title="Sign-ups", format=",.1f")])
    text = (f"Dot plot: for each channel the sign-ups that {len(drawn)} models of credit give it, joined by a line "
            "from the lowest to the highest.")
    legend = {MODELS[model]: (tints[model], DRAWN_MODELS[model]) for model in drawn}
    shown = [row for row in rows if row["channel"] in credited]
    return finished("credits", spread + points, shown, text, ROW * max(len(channels), 1), legend)


def retention_rows(facts: dict) -> list[dict]:
    """For all and for each channel, by age: those who signed up, those active, and their share."""
    everybody = [{**row, "channel": EVERYBODY} for row in facts["rows"]]
    rows = everybody + facts["rows"]
    signups, active = (summed(rows, "channel", "age", of=name) for name in ("signups", "active"))
    return [{"channel": channel, "age": age, "signups": count, "active": active[channel, age],
             "share": quotient(active[channel, age], count)} for (channel, age), count in signups.items()]


def retention_chart(facts: dict) -> Chart | None:
    """None when there are too few people for any point. Age 0, the period of the sign-up, is none: all were active."""
    channels = list(facts["shown"])[:RETENTION_CHANNELS]
    names = {EVERYBODY: "var(--ink)", **{name: f"var(--c{place})" for place, name in enumerate(channels, 1)}}
    rows = [row for row in retention_rows(facts)
            if row["channel"] in names and row["age"] > 0 and row["signups"] >= FEWEST]
    if not rows:
        return None
    kind = facts["kind"].capitalize()
    base = alt.Chart().encode(
        x=alt.X("age:Q", title=f"{kind}s after the one of the sign-up",
                axis=alt.Axis(tickMinStep=1, grid=False, format="d")),
        y=value_axis("share:Q", "Active", format=".0%"), color=coloured(names),
        tooltip=[alt.Tooltip("channel:N", title="Channel"), alt.Tooltip("age:Q", title=kind),
                 alt.Tooltip("share:Q", title="Active", format=".1%"),
                 alt.Tooltip("active:Q", title="Persons", format=","),
                 alt.Tooltip("signups:Q", title="of sign-ups", format=",")])
    width = alt.condition(f"datum.channel === '{EVERYBODY}'", alt.value(3), alt.value(1.5))
    chart = base.mark_line().encode(strokeWidth=width) + base.mark_point(filled=True, size=35, opacity=1)
    text = (f"Lines: share of those who signed up that had a session so many {facts['kind']}s later, of all and by the "
            "channel of the first touch.")
    return finished("retention", chart, rows, text, 280, names)


def bars_chart(name: str, rows, title: str, description: str) -> Chart:
    """Bars of `label` and `signups`, each with its number."""
    base = alt.Chart().encode(
        x=alt.X("label:N", title=title, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("count:Q", title=None, axis=None),
        tooltip=[alt.Tooltip("label:N", title=title), alt.Tooltip("count:Q", title="Number", format=",")])
    chart = base.mark_bar(fill="var(--c1)", cornerRadiusEnd=2) + base.mark_text(dy=-7, fontSize=11).encode(
        text=alt.Text("count:Q", format=",.3~s" if max((row["count"] for row in rows), default=0) > 99999 else ","))
    return finished(name, chart, rows, description, 200)


def waiting_charts(facts: dict) -> list[Chart]:
    texts = {"days": ("Days from the first session", "Bars: sign-ups by the whole days since the person's first session."),
             "sessions": ("Sessions, that of the sign-up included", "Bars: sign-ups by the number of sessions it took.")}
    counts = {measure: [{"label": row["label"], "count": row["signups"]} for row in facts[measure]] for measure in texts}
    return [bars_chart(measure, counts[measure], *words) for measure, words in texts.items()]


def months_chart(months) -> Chart:
    rows = [{"label": f"{row['month']:%b %Y}", "count": row["messages"]} for row in months]
    return bars_chart("months", rows, "Month (UTC)", "Bars: messages stored, by the month in which they happened.")
