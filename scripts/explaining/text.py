"""A person's story as aligned text, safe to print on a terminal."""

from datetime import datetime

from common.escaping import escaped
from explaining.attribution import TOUCH_FACTS
from explaining.words import CAUSES, CHOICES, count, moment

INDENT = "    "


def story_lines(story: dict) -> list[str]:
    """The lines of the whole story."""
    attribution, signup = story["attribution"], "has not signed up"
    if attribution:
        signup = f"signed up at {moment(attribution['columns']['signup_timestamp']['value'])}"
    counts = ", ".join(count(len(story[f"{noun}s"]), noun) for noun in ("id", "session"))
    touches = count(len(story["touches"]), "touch", "touches")
    tables = story["tables"]
    lines = [
        f"Person {story['alias_id']}: {signup}; {counts}, {touches}.",
        f"As of batch {tables['newest_batch_id']}, refreshed at {moment(tables['refreshed_at'])}. All times are UTC.",
        *story["notes"],
        "", "IDS", *(line for row in story["ids"] for line in id_lines(row)),
        "", "SESSIONS", *(line for row in story["sessions"] for line in session_lines(row)),
        "", "TOUCHES", *(line for row in story["touches"] for line in touch_lines(row)),
        "", "ATTRIBUTION",
        *(attribution_lines(attribution) if attribution else [f"{INDENT}None: there is no sign-up."]),
        *(["", "WHAT CHANGED", *restatement_lines(story["restatements"])] if story["restatements"] else []),
    ]
    return [escaped(line).rstrip() for line in lines]


def shown(value) -> str:
    """A value of a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def pairs(rows: list[tuple[str, object]]) -> list[str]:
    """Names and values in two columns."""
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{INDENT}{name:<{width}}  {shown(value)}" for name, value in rows]


def id_lines(row: dict):
    kind = row["id_type"].replace("_", " ")
    yield f"  {kind} {row['id']}"
    seen = f"{moment(row['first_seen_at'])} to {moment(row['last_seen_at'])}"
    facts = [("seen", seen), ("visits", row["visit_count"])]
    for user in row["users"]:
        by = f", first by {user['message']['event_id']} of {user['message']['message_type']}" if user["message"] else ""
        span = f"from {moment(user['first_seen_at'])} to {moment(user['last_seen_at'])}"
        facts.append(("together with", f"user id {user['user_id']} {span}{by}"))
    for one in row["overrides"]:
        other = one["id_b"] if one["id_a"] == row["id"] else one["id_a"]
        facts.append(("override", f"{one['action']} with {other}: {one['note'] or 'no note'} (identity_overrides)"))
    owned = [owner["because"] for owner in row["owners"]]
    if owned and row["because"] not in owned and row["because"] != " ".join(owned):
        owned.insert(0, row["because"])
    facts += [("merged" if row["users"] else "because", text) for text in owned or [row["because"]]]
    yield from pairs(facts)


def session_lines(row: dict):
    mark = "  (sign-up)" if row["is_signup_session"] else ""
    when = f"{moment(row['session_start'])} to {moment(row['session_end'])}"
    yield f"  {row['session_number']}  {when}  {row['channel']}{mark}"
    facts = [
        ("id", row["session_id"]), ("events", f"{row['event_count']:,}, of these {count(row['page_count'], 'page')}"),
        ("landing page", row["landing_page_url"]), ("exit page", row["exit_page_url"]),
    ]
    for visit in row["visits"]:
        device = f"anonymous id {visit['anonymous_id']}" if visit["anonymous_id"] else "no anonymous id"
        user = f"user id {visit['user_id']}" if visit["user_id"] else "no user id"
        when = f"{moment(visit['visit_start'])} to {moment(visit['visit_end'])}"
        facts.append(("visit", f"{when}, {device}, {user}, {count(visit['event_count'], 'event')}"))
    yield from pairs(facts)


def touch_lines(row: dict):
    source = f"{shown(row['source'])} / {shown(row['medium'])}"
    where = f"{'entry of' if row['is_entry'] else 'within'} session {row['session_number']}"
    yield f"  {row['touch_number']}  {moment(row['touch_timestamp'])}  {row['channel']}  {source}  ({where})"
    facts = []
    evidence = row["evidence"]
    if evidence:
        message = f"{evidence['event_id']} of {evidence['message_type']}"
        facts.append(("evidence", f"{message} at {moment(evidence['occurred_at'])}"))
        facts.append(("url", evidence["page_url"]))
        facts += [(name, evidence[name]) for name in evidence if name.startswith("utm_") and evidence[name] is not None]
    if row["click_id_name"]:
        click = row["click_id_row"]
        paid = "paid" if click and click["is_paid"] else "not only paid"
        seed = f"{click['source']} / {click['medium']}, {paid}" if click else "that row no longer exists"
        facts.append(("click id", f"{row['click_id_name']}={row['click_id']} (click_ids.csv: {seed})"))
    if row["referrer"]:
        seed = row["referrer_row"]
        words = f", {seed['host_pattern']}: {seed['source']}, {seed['category']}" if seed else " has no such host"
        facts.append(("referrer", f"{row['referrer']} (referrers.csv{words})"))
    for one in row["excluded"]:
        domain = one["row"]["domain"] if one["row"] else "a row that no longer exists"
        what = f"referrer {one['referrer']} of {one['event_id']}"
        facts.append(("not counted", f"{what} (excluded_referrers.csv: {domain})"))
    facts += [
        ("source by", row["source_because"]), ("channel by", row["channel_because"]),
        ("paid", f"{shown(row['is_paid'])}: {row['paid_because']}"),
        ("attributed", shown(row["is_attributed"])), ("counts", f"{shown(row['counts'])}: {row['counts_because']}"),
    ]
    yield from pairs(facts)


def attribution_lines(attribution: dict):
    columns = attribution["columns"]
    own = [name for name in columns if not name.startswith(tuple(CHOICES))]
    width = max(map(len, own))
    wide = max(len(shown(columns[name]["value"])) for name in own if not is_url(name))
    for name in own:
        value, because = shown(columns[name]["value"]), columns[name]["because"]
        if is_url(name) and len(value) > wide:
            yield f"{INDENT}{name:<{width}}  {value}"
            yield f"{INDENT}{'':<{width}}  {'':<{wide}}  {because}"
        else:
            yield f"{INDENT}{name:<{width}}  {value:<{wide}}  {because}"
    for choice, chosen in attribution["touches"].items():
        yield f"  {choice}: {chosen['because']}"
        if chosen["touch_number"] is not None:
            yield from pairs([(f"{choice}_{fact}", columns[f"{choice}_{fact}"]["value"]) for fact in TOUCH_FACTS])


def restatement_lines(rows: list[dict]):
    """What refreshes changed after the sign-up had been published."""
    for batch_id, restated_at, alias_id in dict.fromkeys((row["batch_id"], row["restated_at"], row["alias_id"]) for row in rows):
        those = [row for row in rows if (row["restated_at"], row["alias_id"]) == (restated_at, alias_id)]
        causes = sorted({CAUSES[row["cause"]] + (f" ({row['cause_detail']})" if row["cause_detail"] else "") for row in those})
        yield f"  batch {batch_id}, {moment(restated_at)}, {alias_id}: {', '.join(causes)}"
        exists = [row["new_value"] for row in those if row["fact"] == "exists"]
        if exists:
            yield INDENT + ("The sign-up came back." if exists == ["true"] else "The sign-up disappeared, or became another person's.")
        else:
            yield from pairs([(row["fact"], f"{shown(row['old_value'])} -> {shown(row['new_value'])}") for row in those])


def is_url(column: str) -> bool:
    """Whether a column of attribution holds a URL, which may be long."""
    return column in ("blog_url", "first_page_ever_visited")
