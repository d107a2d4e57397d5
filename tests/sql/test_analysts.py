"""What analysts use besides the tables: analyses, metrics, the page of documentation, and the contracts of published tables."""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
import yaml
from dbt_common.clients.agate_helper import table_from_data_flat

import metrics
import samples
from database.dbt_commands import run_dbt
from harness import as_vars
from oracle import Settings, compute
from project import ROOT, environment
from reporting.metricflow import csv_files, disarm, needs_tables, prepare

SETTINGS = Settings(own_domains=("example.com",), ignored_events=("invoice_paid", "email_delivered"))
VARS = {
    **as_vars(SETTINGS),
    "sources": {name: {"schema": "segment", "table": name, "optional": True} for name in (
        "tracks", "pages", "screens", "identifies", "aliases", "ad_spend", "revenue", "subscriptions", "survey")},
}
ANALYSES = sorted((ROOT / "analyses").glob("*.sql"))
METRICS = ("signups", "visitors", "sessions", "conversion_to_signup", "sessions_per_signup", "ad_cost", "signup_revenue", "cac",
           "ltv")
UNSEEN = "google/cpc/unseen"
SIGNED_UP = datetime(2026, 5, 20, 12)


def message(number, at, **columns) -> dict:
    return {"id": f"made {number}", "timestamp": at, "received_at": at, "uuid_ts": at, **columns}


def made_messages() -> dict[str, list[dict]]:
    """One person who signs up three times on two devices, one by links that lack a part, a device of three users, and a message
    that is ten days late."""
    names = [{"event": "signed_up"}, {"event": "joined", "event_text": "signed_up"}]
    twice = [message(n, SIGNED_UP + timedelta(minutes=minutes), anonymous_id=device, user_id="many", **names[n % 2])
             for n, (minutes, device) in enumerate([(0, "laptop"), (2, "laptop"), (1500, "phone")])]
    links = [{"context_campaign_medium": "half"}, {"context_campaign_source": "half", "context_campaign_name": "part"}]
    halves = [message(f"half {n}", SIGNED_UP + timedelta(days=n), anonymous_id=f"half {n // 2}", **(links[n // 2] if n % 2 == 0 else names[0]))
              for n in range(4)]
    shared = [message(f"of {user}", SIGNED_UP + timedelta(days=days), anonymous_id="kiosk", user_id=user)
              for days, user in enumerate(["ann", "bob", "cat"])]
    late = message("late", datetime(2026, 1, 7, 9), anonymous_id="late", name="home", url="https://example.com/")
    return {"tracks": [*twice, *halves], "identifies": shared, "pages": [{**late, "uuid_ts": datetime(2026, 1, 17, 9)}]}


def money(users) -> dict[str, list[dict]]:
    """What is spent on ads, and what every other user pays."""
    return {
        "ad_spend": [{"date": f"2026-{month:02}-10", "cost": 100.5 * month, "currency": "USD", "source": "google",
                      "medium": "cpc", "campaign": "brand"} for month in (4, 5, 6)] + [
                         {"date": "2026-05-10", "cost": 40, "currency": "USD", "source": "google", "medium": "cpc", "campaign": "unseen"}],
        "revenue": [{"user_id": user, "amount": 7.25 + n, "currency": "USD", "paid_at": datetime(2026, 6, 9)}
                    for n, user in enumerate(sorted(users)[::2])],
    }


def fill(engine, small_sample_days, project_seeds):
    """Load, refresh all, and return what the oracle has of the messages, the money, and the raw rows of tracks."""
    loads = [samples.together([*small_sample_days, made_messages()])]
    expected = compute(loads, SETTINGS, project_seeds)
    business = money([row["alias_id"] for row in expected["attribution"]])
    engine.receive(loads[0])
    engine.receive(business)
    engine.refresh(VARS, reporting=True)
    return expected, business, loads[0]["tracks"]


def test_analyses_metrics_docs_and_contracts(engine, small_sample_days, project_seeds, tmp_path):
    expected, business, tracks = fill(engine, small_sample_days, project_seeds)
    check_docs(generate_docs(engine, tmp_path))
    check_analyses(run_analyses(engine, tmp_path), expected, business, tracks)
    check_metrics(ask_metrics(engine, tmp_path), expected, business)
    check_contracts(engine)


def generate_docs(engine, folder) -> str:
    """The static page; every model and analysis is compiled for it."""
    with environment(engine.database.environment):
        outcome = run_dbt([
            "docs", "generate", "--static", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target", engine.name,
            "--target-path", str(folder), "--log-path", str(folder), "--vars", json.dumps(VARS), "--quiet",
            "--log-level-file", "none",
        ])
    assert outcome.success, outcome.exception
    return (folder / "static_index.html").read_text(encoding="utf-8")


def check_docs(page):
    assert "Where did the people who signed up come from?" in page and "Grain and keys" in page
    assert "One row per person who signed up" in page and "double precision" in page.lower()
    fetched = re.findall(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(https?://[^\"' >]+)", page)
    assert not fetched, "the page needs a network"


def run_analyses(engine, folder) -> dict[str, list[dict]]:
    """Name of each analysis -> its rows."""
    compiled = folder / "compiled" / "signup_attribution" / "analyses"
    with engine.database.connected():
        # as `dbt show` asks
        found = {path.stem: engine.database.query((compiled / path.name).read_text(encoding="utf-8") + "\nlimit 10000") for path in ANALYSES}
        assert found["what_changed_since_last_month"] == []
        engine.database.execute("update refresh.channel_changes set changed_at = changed_at - interval '40 days' "
                                "where first_touch_channel is distinct from 'Email'")
        changed = engine.database.query((compiled / "what_changed_since_last_month.sql").read_text(encoding="utf-8"))
    return {**found, "what_changed_since_last_month": changed}


def printed(rows) -> list[str]:
    """The lines that `dbt show` prints of them."""
    out = StringIO()
    table_from_data_flat(rows, list(rows[0])).print_table(output=out, max_rows=None)
    return out.getvalue().splitlines()


def check_analyses(found, expected, business, tracks):
    assert len(found) >= 14
    pages = {name: printed(rows) for name, rows in found.items()}
    too_wide = ["\n".join([name, *lines[:3]]) for name, lines in pages.items() if max(map(len, lines)) > 80 or "..." in lines[0]]
    assert not too_wide, "\n".join(too_wide)
    assert not [name for name, rows in found.items() if not rows], "analyses without an answer"
    messages, signups, sessions = (expected[name] for name in ("app_tracks", "attribution", "all_sessions"))

    events = Counter("signed_up" in (row["event_name"], row["event_display_name"]) and row["is_session_event"] for row in messages)[True]
    surplus = found["persons_with_several_signups"]
    many = next(row for row in surplus if row["alias_id"] == "many")
    assert (many["events"], many["devices"], float(many["minutes"])) == (3, 2, 1500)
    assert {row["surplus"] for row in surplus} == {events - len(signups)} and len(surplus) < len(signups)

    devices = Counter(row["user_count"] for row in expected["aliases"] if row["id_type"] == "anonymous_id")
    assert {row["users"]: row["devices"] for row in found["devices_shared_by_users"]} == devices and devices[3]

    week = next(row for row in found["late_messages_by_week"] if str(row["week"]) == "2026-01-05")
    assert (week["messages"], float(week["after_a_week"]), float(week["latest_hours"])) == (1, 100, 240)

    days = {str(row["day"]): row["messages"] for row in found["messages_by_day"]}
    counts = Counter(str(row["occurred_at"].date()) for row in messages)
    assert {day: count for day, count in days.items() if count} == counts and days["2026-01-08"] == 0

    for row in found["columns_of_a_source"]:
        values = [message.get(row["column_name"]) for message in tracks]
        present = [value for value in values if value is not None]
        assert (row["different"], row["is_key"]) == (len(set(present)), len(set(present)) == len(values)), row
        filled = sum(bool(str(value).strip(" ")) for value in present)
        assert float(row["empty"]) == pytest.approx(100 * (1 - filled / len(values)), abs=0.06), row
        if all(isinstance(value, str) for value in present):
            assert (row["smallest"], row["largest"]) == (min(present)[:10], max(present)[:10]), row

    direct, all_sessions, known, unseen = Counter(), Counter(), Counter(), defaultdict(list)
    told_at = defaultdict(list)
    for touch in expected["touches"]:
        told_at[touch["alias_id"]] += [] if touch["is_direct"] or touch["is_untracked"] else [touch["touch_timestamp"]]
    for row in signups:
        unseen[month(row["signup_timestamp"])].append(row["signup_evidence"] == "none")
        known[month(row["signup_timestamp"])] += row["last_touch_source"] == "(direct)" and any(at <= row["signup_timestamp"] for at in told_at[row["alias_id"]])
    for row in sessions:
        all_sessions[month(row["session_start"])] += 1
        direct[month(row["session_start"])] += row["is_direct"]
    for row in found["direct_share_by_month"]:
        assert float(row["sessions"]) == pytest.approx(100 * direct[row["month"]] / all_sessions[row["month"]], abs=0.06)
        if those := unseen[row["month"]]:
            assert float(row["unseen"]) == pytest.approx(100 * sum(those) / len(those), abs=0.06)
            assert float(row["known_before"]) == pytest.approx(100 * known[row["month"]] / len(those), abs=0.06)

    by_channel = Counter((month(row["signup_timestamp"]), row["first_touch_channel"]) for row in signups)
    shown = {(row["month"], row["channel"]): row["signups"] for row in found["channels_by_month"] if row["signups"]}
    assert shown == by_channel

    changed = {(row["month"], row["channel"]): (row["signups_then"], row["change"]) for row in found["what_changed_since_last_month"]}
    assert changed == {key: (0, count) for key, count in by_channel.items() if key[1] == "Email"}

    campaigns = found["ltv_by_campaign"]
    paid = {row["user_id"]: row["amount"] for row in business["revenue"]}
    assert float(sum(row["signups"] for row in campaigns)) == len(signups)
    earned = sum(float(row["ltv"]) * float(row["signups"]) for row in campaigns if row["ltv"] is not None)
    assert earned == pytest.approx(sum(paid.values()), rel=0.01)
    assert float(sum(row["cost"] for row in campaigns)) == pytest.approx(sum(row["cost"] for row in business["ad_spend"]))

    posts, payers = defaultdict(list), {user for user, amount in paid.items() if amount > 0}
    for row in signups:
        if row["blog_url"]:
            posts[urlsplit(row["blog_url"]).path.rstrip("/") or "/"].append(row)
    shown = {row["blog_path"]: (row["signups"], row["came_by_it"], row["payers"]) for row in found["blog_posts_that_bring_signups"]}
    assert shown == {path: (len(those), sum(row["blog_url"] == row["first_page_ever_visited"] for row in those),
                            sum(row["alias_id"] in payers for row in those)) for path, those in posts.items()}

    sources = Counter((row["first_touch_source"] or "(none)", row["first_touch_channel"]) for row in signups)
    assert {(row["source"], row["channel"]): row["signups"] for row in found["top_sources_by_first_touch"]} == sources
    first = {(row["first_touch_source"], row["first_touch_medium"], row["first_touch_campaign"]) for row in signups}
    spent = {(row["source"], row["medium"], row["campaign"]) for row in business["ad_spend"]}
    lost = {row["campaign"]: row for row in found["spend_without_signups"]}
    assert lost.keys() == {"/".join(key) for key in spent - first} == {UNSEEN}
    assert (float(lost[UNSEEN]["cost"]), lost[UNSEEN]["assisted"], lost[UNSEEN]["matched"]) == (40, 0, False)

    ads = Counter(("/".join(one[part] or "(none)" for part in ("source", "medium", "campaign")), one["content"] or "(none)", one["term"] or "(none)")
                  for one in (first_touch(expected["touches"], row) for row in signups) if one["campaign"])
    assert {(row["campaign"], row["content"], row["term"]): float(row["signups"]) for row in found["signups_by_content"]} == ads
    assert len({row["content"] for row in found["signups_by_content"]}) > 1

    months = Counter(month(row["signup_timestamp"]) for row in signups)
    cohorts = {row["start"]: row for row in found["cohorts_that_come_back"] if row["cohort"] == "month"}
    assert {start: row["signups"] for start, row in cohorts.items()} == months
    back = {row["alias_id"] for row in signups if month(row["signup_timestamp"]).month == 4} & {
        row["alias_id"] for row in sessions if month(row["session_start"]).month == 5}
    april = next(row for start, row in cohorts.items() if start.month == 4)
    assert float(april["after_1"]) == pytest.approx(100 * len(back) / april["signups"], abs=0.06)


def first_touch(touches, signup):
    """The person's touch of the smallest number."""
    return min((touch for touch in touches if touch["alias_id"] == signup["alias_id"]), key=lambda touch: touch["touch_number"])


def month(time):
    return time.date().replace(day=1)


def ask_metrics(engine, folder) -> dict:
    """First day of the month -> metric -> value, from the command line."""
    path = folder / "metrics.csv"
    answer = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "metrics.py"), "--target", engine.name, "--vars", json.dumps(VARS),
         "query", "--metrics", ",".join(METRICS), "--group-by", "metric_time__month", "--csv", str(path), "--quiet"],
        env={**os.environ, **engine.database.environment, "DBT_LOG_PATH": str(folder)}, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    with open(path, newline="", encoding="utf-8") as file:
        found = {datetime.fromisoformat(row.pop("metric_time__month")).date():
                {name: float(value) if value else None for name, value in row.items()} for row in csv.DictReader(file)}
    assert list(found) == sorted(found)
    return found


def test_formulas_in_a_csv_file(tmp_path):
    """What a spreadsheet would run gets an apostrophe; numbers, and texts that only hold such signs, stay."""
    path = tmp_path / "metrics.csv"
    values = ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@sum(a1)", " =1+1", "\t=1", "-2.5", "+3", "1e5", "a=b", "x", ""]
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["name"], *([value] for value in values)])
    assert csv_files(("query", "--csv", str(path), "--quiet")) == csv_files((f"--csv={path}",)) == [path]
    disarm(path)
    with open(path, newline="", encoding="utf-8") as file:
        found = [row[0] if row else "" for row in csv.reader(file)][1:]
    assert found == [f"'{value}" for value in values[:6]] + values[6:]


def test_a_csv_file_that_is_something_else(tmp_path, capsys):
    path = tmp_path / "a.duckdb"
    path.write_text("mine")
    assert metrics.main(["query", "--metrics", "signups", "--csv", str(path)]) == 2
    assert "does not end in .csv: name another file" in capsys.readouterr().err and path.read_text() == "mine"


def test_tables_that_cannot_be_read(tmp_path, monkeypatch, capsys):
    """One sentence in place of a bug report for MetricFlow; and no file is made."""
    file, others = tmp_path / "a.duckdb", tmp_path / "notes.duckdb"
    others.write_text("not a database")
    query = ["query", "--metrics", "signups"]
    assert not any(map(needs_tables, (["list", "metrics"], [*query, "--explain"])))
    monkeypatch.chdir(ROOT)
    for name, value in (("PGHOST", "127.0.0.1"), ("PGPORT", "1"), ("PGOPTIONS", "")):
        monkeypatch.setenv(name, value)
    for path, target, words in ((file, "duckdb", "no tables yet"), (others, "duckdb", "is not a DuckDB database"), (file, "postgres", "cannot be reached")):
        monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(path))
        assert metrics.main(["--target", target, *query]) == 2
        assert words in capsys.readouterr().err
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(file))
    prepare(tmp_path, "duckdb", {})  # as for `list`, which reads no table
    assert yaml.safe_load((tmp_path / "profiles.yml").read_text())["signup_attribution"]["outputs"]["duckdb"]["path"] == ":memory:"
    assert not file.exists()


def check_metrics(found, expected, business):
    sessions, signups = expected["all_sessions"], {row["alias_id"]: row for row in expected["attribution"]}
    paid, wanted = {row["user_id"]: row["amount"] for row in business["revenue"]}, defaultdict(Counter)
    for row in sessions:
        counts = wanted[month(row["session_start"])]
        counts["sessions"] += 1
        counts["visitors"] += row["is_first_session"]
        counts["converted"] += row["is_first_session"] and row["alias_id"] in signups
    for alias_id, row in signups.items():
        counts = wanted[month(row["signup_timestamp"])]
        counts["signups"] += 1
        counts["steps"] += row["session_count_before_signup"] + 1
        counts["signup_revenue"] += paid.get(alias_id, 0)
    for row in business["ad_spend"]:
        wanted[month(datetime.fromisoformat(row["date"]))]["ad_cost"] += row["cost"]
    assert found.keys() == wanted.keys() and sum(row["signups"] or 0 for row in found.values()) == len(signups)
    for start, counts in wanted.items():
        ratios = {"conversion_to_signup": ("converted", "visitors"), "sessions_per_signup": ("steps", "signups"),
                  "cac": ("ad_cost", "signups"), "ltv": ("signup_revenue", "signups")}
        for name in METRICS:
            above, below = ratios.get(name, (name, None))
            value = counts[above] / counts[below] if below and counts[below] else None if below else counts[above]
            assert (found[start][name] or 0) == pytest.approx(value or 0), f"{name} of {start}: {found[start]}, {counts}"


# Model -> a text of it, and another that gives it other columns or types than its contract has.
MADE_ANEW = {
    "ad_costs": ("select * from ad_costs", "select source, medium, campaign, channel, currency, cast(cost as integer) as cost, "
                 "is_matched, spent_on from ad_costs"),
    "time_to_signup": ("select * from time_to_signup",
                       "select channel, measure, value, signup_count, share_of_signups from time_to_signup"),
}
KEPT = {
    "attribution": ("select * from attribution", "select *, 1 as undeclared from attribution"),
    "person_revenue": ("select * from person_revenue", "select *, 1 as undeclared from person_revenue"),
}


def check_contracts(engine):
    """Models whose SQL gives another type, one column less or one more than they promise fail, and change no table."""
    tables = ["sessions.all_sessions", "sessions.attribution", *(f"reporting.{name}" for name in (*MADE_ANEW, "person_revenue"))]
    before = {table: engine.database.column_types(*table.split(".")) for table in tables}
    with edited(engine.project, MADE_ANEW):
        assert_broken(engine.refresh(VARS, select=list(MADE_ANEW), full_refresh=True, check=False, reporting=True), *MADE_ANEW)
    with edited(engine.project, KEPT):
        selection = ["batch_sessions", "counted_touches", "path:models/sessions", "person_revenue"]
        assert_broken(engine.refresh(VARS, select=selection, full_refresh=True, check=False, reporting=True), "attribution", "person_revenue")
    assert {table: engine.database.column_types(*table.split(".")) for table in tables} == before


def assert_broken(outcome, *names):
    failed = {name for name, status in outcome.statuses.items() if status == "error"}
    assert failed == set(names) and outcome.error.count("enforced contract that failed") == len(names), outcome.error


@contextmanager
def edited(project, edits):
    """The project with other texts of models for a while: model -> (text, new text)."""
    parsed = project.manifest()
    for name, (text, new_text) in edits.items():
        node = parsed.nodes[f"model.signup_attribution.{name}"]
        assert text in node.raw_code
        node.raw_code = node.raw_code.replace(text, new_text)
    parsed.build_flat_graph()
    project.edited = parsed.to_msgpack()
    try:
        yield
    finally:
        project.edited = None
