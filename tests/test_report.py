"""The report: its numbers are those of the tables on both engines, and a real browser shows all of it and runs nothing else."""

import re
import shutil
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import refresh
import report
from browser import chromium
from engines import DuckDB
from project import ROOT, environment
from refresh_report import Report
from report_facts import read_facts
from report_periods import Period, compared_periods
from report_words import MODELS, change
from stored_tables import stored_tables

ZONE = "America/New_York"
MODEL = "linear"
SOURCES = ("pages", "tracks", "ad_spend", "revenue")
VARIABLES = {"report_timezone": ZONE, "sources": {name: {"schema": "segment", "table": name} for name in SOURCES}}
STARTED = datetime(2026, 3, 30, 1)  # in New York it is the day before still, as it is for everybody
PERSONS = 75  # one a day, so that April and May are whole
HOSTILE = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", "\"it's\" ünïcode ☃ & co", "{{ 7 * 7 }}", "brand")
WAYS = (("google", "cpc"), ("news", "email"), ("facebook", "paid_social"), (None, None), ("partner", "referral"))
HOSTILE_ERROR = "failed: <img src=x onerror=alert(3)>"
# Columns that name a row of a table of the page.
KEY_COLUMNS = {"over-time": 2, "touches": 2, "credits": 1, "retention": 2, "days": 1, "sessions": 1, "months": 1}
NOW = datetime(2026, 7, 1, tzinfo=timezone.utc)


def messages() -> dict[str, list[dict]]:
    """Visits of persons with hostile campaigns, who come again; two of three sign up; and money."""
    pages, tracks, spend, revenue = [], [], [], []
    for number in range(PERSONS):
        at = STARTED + timedelta(days=number, minutes=number)
        source, medium = WAYS[number % len(WAYS)]
        campaign = HOSTILE[number // len(WAYS) % len(HOSTILE)] if source else None
        person = {"anonymous_id": f"device {number}", "user_id": f"user {number}"}
        for visit in range(1 + number % 4):
            when = at + timedelta(days=visit * 5)
            later = (None, None, None) if visit % 2 else (source, medium, campaign)
            pages.append({**person, "id": f"page {number} {visit}", "timestamp": when,
                          "received_at": when + timedelta(seconds=2), "uuid_ts": when + timedelta(hours=number),
                          "context_campaign_source": later[0], "context_campaign_medium": later[1],
                          "context_campaign_name": later[2]})
        if number % 3:
            when += timedelta(minutes=3)
            tracks.append({**person, "id": f"up {number}", "timestamp": when, "received_at": when, "uuid_ts": when,
                           "event": "signed_up"})
            revenue.append({"user_id": person["user_id"], "paid_at": when + timedelta(days=3), "amount": 7.5 * (number % 5),
                            "currency": "USD"})
        if medium in ("cpc", "paid_social"):
            spend.append({"date": str(at.date()), "source": source, "medium": medium, "campaign": campaign,
                          "cost": 3.25 + number, "currency": "USD"})
    pages += [{"id": "nobody", "timestamp": STARTED, "received_at": STARTED},
              {"id": "ahead", "anonymous_id": "ahead", "timestamp": STARTED + timedelta(days=9), "received_at": STARTED}]
    return {"pages": pages, "tracks": tracks, "ad_spend": spend, "revenue": revenue}


def refreshed(engine):
    """The engine's database with these messages, and a refresh that failed in the log."""
    engine.reset()
    engine.receive(messages())
    engine.refresh(VARIABLES, reporting=True)
    engine.database.execute(
        "insert into refresh.refresh_runs (batch_id, status, started_at, finished_at, seconds, error) "
        f"values (null, 'failed', timestamp '2026-06-30 12:00:00', timestamp '2026-06-30 12:01:00', 60, '{HOSTILE_ERROR}')")
    return engine


@pytest.fixture(scope="module")
def site(duckdb_session, tmp_path_factory):
    """A DuckDB database of this module's own, refreshed once."""
    refreshed(duckdb_session)
    own = DuckDB(tmp_path_factory.mktemp("report"))
    shutil.copy(duckdb_session.database.path, own.path)
    return own


def facts_of(database):
    with environment(database.environment), stored_tables(database.target, "test") as tables:
        return read_facts(tables, ZONE, MODEL, now=NOW)


def told(capsys, database, *arguments):
    """Exit code, stdout and stderr of report.py."""
    with environment(database.environment):
        code = report.main(["--vars", f"{{report_timezone: {ZONE}}}", "--model", MODEL, *arguments])
    return code, *capsys.readouterr()


def local_day(value: datetime) -> date:
    return value.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(ZONE)).date()


def rounded(value, digits=6):
    """Numbers in a nest of dicts and lists, so that sums in another order are equal."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one, digits) for one in value]
    return round(float(value), digits) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def test_facts_agree_on_both_engines(site, postgres_session):
    found, expected = facts_of(refreshed(postgres_session).database), facts_of(site)
    for facts in (found, expected):  # what depends on when the refresh was
        facts["health"]["runs"] = [(run["status"], run["error"]) for run in facts["health"]["runs"]]
        for name in ("last_success_at", "newest_message_lag_seconds", "last_duration_seconds", "last_status"):
            del facts["health"]["health"][name]
    assert rounded(found) == rounded(expected)


def expected_tables(database) -> dict[str, list[tuple]]:
    """Name of a table of the page -> its rows, by queries of this test's own."""
    signups = database.fetch("sessions.attribution")

    def channel(row, touch):
        return row[f"{touch}_touch_channel"] or "(unattributed)"

    weeks, pairs, days, sessions = Counter(), Counter(), Counter(), Counter()
    for row in signups:
        day = local_day(row["signup_timestamp"])
        monday = day - timedelta(days=day.weekday())
        weeks[f"{monday.day} {monday:%b %Y}", channel(row, "first")] += 1
        pairs[channel(row, "first"), channel(row, "last")] += 1
        days[row["days_to_signup"] // 1] += 1
        sessions[row["session_count_before_signup"] + 1] += 1
    active, cohorts = Counter(), Counter()
    for row in database.query("select * from reporting.signup_retention where cohort_type = 'week' and is_complete"):
        for name in ("All sign-ups", row["channel"]):
            active[name, row["age"]] += row["active_count"]
            cohorts[name, row["age"]] += row["signup_count"]
    credits = defaultdict(dict)
    for row in database.fetch("reporting.channel_credits"):
        credits[row["channel"]][row["model"]] = row["signups"]
    months = database.query("select month, row_count, newest_batch_id from partitioning.partitions")
    return {
        "over-time": [(*key, count) for key, count in weeks.items()],
        "touches": [(*key, count) for key, count in pairs.items()],
        "credits": [(name, *(by_model.get(model, 0) for model in MODELS)) for name, by_model in credits.items()],
        "retention": [(name, age, cohorts[name, age], count, 100 * count / cohorts[name, age])
                      for (name, age), count in active.items()],
        "days": in_bars(days, (0, 1, 3, 7, 14, 30, 60, 90)), "sessions": in_bars(sessions, (1, 2, 3, 4, 5, 10, 20)),
        "months": [(f"{row['month']:%b %Y}", row["row_count"], row["newest_batch_id"]) for row in months],
    }


def in_bars(counts, ends):
    """Labels and sums of bars that end there."""
    found, low = [], ends[0]
    for high in ends:
        found.append((str(low) if low == high else f"{low}–{high}", sum(n for value, n in counts.items() if low <= value <= high)))
        low = high + 1
    return [*found, (f"{low}+", sum(count for value, count in counts.items() if value >= low))]


def number(text: str):
    """A number as the page writes it, None where it writes that there is none; any other text as it is."""
    plain = text.removesuffix(" USD").removesuffix(" %").replace(",", "")
    if plain == "–":
        return None
    return float(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else text


def assert_rows(shown: list[list[str]], expected, name):
    """The same rows in any order, numbers to the digits that are shown."""
    found, wanted = ({tuple(str(cell) for cell in row[:KEY_COLUMNS[name]]): row for row in rows} for rows in (shown, expected))
    assert found.keys() == wanted.keys() and len(found) == len(shown) == len(expected), name
    for key, row in wanted.items():
        for one, other in zip(found[key][len(key):], row[len(key):]):
            digits = len(one.removesuffix(" %").partition(".")[2])
            assert number(one) == pytest.approx(float(other), abs=0.51 * 10 ** -digits), (name, key)


def test_page_shows_the_tables_in_a_browser(site, tmp_path, capsys):
    path = tmp_path / "made" / "report.html"
    assert told(capsys, site, "--output", str(path)) == (0, f"The report is in {path}.\n", "")
    text = path.read_text(encoding="utf-8")
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "<img" not in outside and "<script>alert" not in text and "alert(1)" in text
    assert "default-src 'none'" in text and "unsafe-eval" not in outside and len(text) < 3_000_000
    with chromium(tmp_path / "profile") as page:
        for width, scheme in ((1280, "light"), (390, "dark")):
            page.open(path, width, scheme)
            assert_drawn(page)
            assert page.run("return document.documentElement.scrollWidth") <= width
            paper = page.run("return getComputedStyle(document.body).backgroundColor")
            assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[scheme]
        page.open(path, 1280)
        assert_numbers(page, site)
        assert_campaigns(page, site)
        assert_keyboard(page)
        assert page.run("return document.images.length") == 0
        assert page.run("return [...document.scripts].filter(one => one.type !== 'application/json').length") == 2
        assert page.complaints() == []
        asked = page.requests()  # chrome: is what a new tab of the browser shows
        assert path.as_uri() in asked and not [url for url in asked if not url.startswith(("file:", "data:", "chrome:"))]


def assert_drawn(page):
    """Every chart has marks that take up room."""
    sizes = page.run("""
        return Object.fromEntries([...document.querySelectorAll("[data-chart]")].map(chart => [chart.dataset.chart,
            [...chart.querySelectorAll("svg .mark-rect path, svg .mark-symbol path, svg .mark-line path")].filter(mark => {
                const box = mark.getBoundingClientRect(); return box.width > 0 && box.height > 0; }).length]))""")
    assert sizes.keys() == {"over-time", "touches", "credits", "retention", "days", "sessions", "months"}
    assert all(count >= 3 for count in sizes.values()), sizes
    named = page.run("return [...document.querySelectorAll('[role=img]')].map(chart => chart.getAttribute('aria-label'))")
    assert len(named) == len(sizes) and all(len(name) > 30 for name in named)


def assert_numbers(page, site):
    """The numbers below the charts, the headline and the data health."""
    shown = page.run("""
        return Object.fromEntries([...document.querySelectorAll("table[data-numbers]")].map(table => [table.dataset.numbers,
            [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))]))""")
    expected = expected_tables(site)
    assert shown.keys() == expected.keys()
    for name, rows in shown.items():
        assert_rows(rows, expected[name], name)

    tiles = page.run("""
        return Object.fromEntries([...document.querySelectorAll("[data-figure]")].map(tile => [tile.dataset.figure,
            [tile.querySelector(".value").textContent, tile.querySelector(".change").innerText]]))""")
    assert page.driver.find_element(By.ID, "headline-title").text == "May 2026, against April 2026"
    may, april = (figures(site, month) for month in (5, 4))
    assert {name: number(value) for name, (value, _) in tiles.items()} == pytest.approx(may, abs=0.05)
    for name, (_, words) in tiles.items():
        assert number(words.splitlines()[1].removeprefix("before: ")) == pytest.approx(april[name], abs=0.05), name
        assert any(said in words for said in ("more", "less", "unchanged")), words

    facts = page.run("return Object.fromEntries([...document.querySelectorAll('[data-fact] dd')].map("
                     "one => [one.parentNode.dataset.fact, one.textContent]))")
    stored = site.query("select count(*) as n, count(*) filter (where is_clock_corrected) as c from partitioning.app_tracks")[0]
    assert facts["messages"] == f"{stored['n']:,}" and stored["c"] == 1 and facts["clock"].startswith("0 of ")
    assert facts["rejected"] == "1missing_identity 1"
    newest = site.query("select max(occurred_at) as at from partitioning.app_tracks")[0]["at"]
    assert facts["newest"] == f"{newest:%Y-%m-%d %H:%M} UTC"
    assert HOSTILE_ERROR in page.driver.find_element(By.ID, "runs").text


def figures(site, month: int) -> dict[str, float]:
    """The headline of a month of 2026."""
    def within(value):
        return (value.year, value.month) == (2026, month)

    visits = [row for row in site.fetch("sessions.all_sessions") if within(local_day(row["session_start"]))]
    signed_up = {row["alias_id"] for row in site.fetch("sessions.attribution") if within(local_day(row["signup_timestamp"]))}
    visitors = len({row["alias_id"] for row in visits})
    cost = sum(row["cost"] for row in site.fetch("reporting.ad_costs") if within(row["spent_on"]))
    revenue = sum(row["revenue"] for row in site.fetch("reporting.person_revenue") if row["alias_id"] in signed_up)
    shown = {"Sign-ups": len(signed_up), "Visitors": visitors, "Sessions": len(visits),
             "Sign-ups per visitor": 100 * len(signed_up) / visitors, "Cost": cost, "CAC": cost / len(signed_up),
             "Revenue so far": revenue, "ROAS": revenue / cost}
    return {name: round(value) if name in ("Cost", "Revenue so far") and value >= 1000 else value for name, value in shown.items()}


def assert_campaigns(page, site):
    """The campaigns' table has the money of the marts, and shows names as they are."""
    sums = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in site.query(f"select * from reporting.campaign_performance where model = '{MODEL}' and period_type = 'month'"):
        key = (row["campaign"], row["source"], row["medium"], row["channel"])
        sums[key] = [old + float(row[name] or 0) for old, name in zip(sums[key], ("signups", "cost", "revenue"))]
    shown = page.run("""
        return [...document.querySelector("#campaign-table").tBodies[0].rows].map(row => [...row.cells].map(cell =>
            "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent))""")
    assert {tuple(row[:4]): row[4:] for row in shown}.keys() == sums.keys() and len(shown) == len(sums)
    assert {row[0] for row in shown} >= {name.lower() for name in HOSTILE}
    for row in shown:
        signups, cost, revenue = sums[tuple(row[:4])]
        cac, ltv, roas = (cost / signups if cost and signups else None, revenue / signups if signups else None,
                          revenue / cost if cost else None)
        wanted = [signups, cost, cac, ltv, revenue, roas]
        assert row[4:] == pytest.approx(wanted, abs=1e-6), row


def assert_keyboard(page):
    """Tab leads to the skip link first; Enter on a heading sorts, and turns the order around."""
    page.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("class") == "skip"
    button = page.driver.find_element(By.XPATH, "//table[@id='campaign-table']//button[text()='CAC']")
    for order in ("descending", "ascending"):
        button.send_keys(Keys.ENTER)
        assert page.run("return arguments[0].closest('th').getAttribute('aria-sort')", button) == order
        assert page.run("return document.querySelectorAll('[aria-sort]').length") == 1
        values = page.run("return [...document.querySelector('#campaign-table').tBodies[0].rows].map(row => "
                          "row.cells[6].dataset.value)")
        known = [float(value) for value in values if value]
        assert known == sorted(known, reverse=order == "descending") and len(set(known)) > 2
        assert values[len(known):] == [""] * (len(values) - len(known)) != []


def test_what_is_not_there_is_said(site, tmp_path, capsys, monkeypatch):
    path = tmp_path / "report.html"

    def fails(sentence, *arguments):
        code, out, err = told(capsys, site, "--output", str(path), *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1) and sentence in err, err
        assert not path.exists()

    fails("no time zone Mars/Olympus", "--vars", "{report_timezone: Mars/Olympus}")
    fails("another time zone than UTC: give report.py the --vars", "--vars", "{}")
    fails("see report.py --help", "--period", "year")
    fails("no target oracle", "--target", "oracle")
    with environment({"SIGNUP_ATTRIBUTION_SCHEMA": "dev_nobody"}):
        fails("There are no tables yet: run scripts/refresh.py.")
    (tmp_path / "file").touch()
    code, _, err = told(capsys, site, "--output", str(tmp_path / "file" / "report.html"))
    assert code == 2 and "cannot be written" in err and len(err.splitlines()) == 1

    # After a refresh the tables are there whatever becomes of the report.
    monkeypatch.setattr(refresh, "refresh", lambda *_: Report())
    arguments = ["--vars", f"{{report_timezone: {ZONE}}}", "--log-format", "text"]
    with environment(site.environment):
        assert refresh.main([*arguments, "--report", str(path)]) == 0
        assert f"The report is in {path}." in capsys.readouterr().err and path.exists()
        assert refresh.main([*arguments, "--report", str(tmp_path / "file" / "report.html")]) == 4
    assert "All tables are up to date, but there is no new report. " in capsys.readouterr().err

    # Readers of the published schemas only, a site without money, and one without anything.
    for change_of, sentence in (
        # There what are views in the database itself are tables.
        ("create table reporting.kept as from reporting.signup_retention; drop view reporting.signup_retention; "
         "alter table reporting.kept rename to signup_retention; drop schema partitioning cascade",
         "partitioning.partitions, partitioning.rejected_events, partitioning.app_tracks are"),
        ("delete from reporting.ad_costs", "There are no costs: name the table"),
        ("drop schema reporting cascade", "reporting.channel_credits is not there"),
        ("delete from sessions.attribution", "Nobody has signed up yet."),
        ("delete from sessions.all_sessions", "There are no sessions yet"),
    ):
        site.execute(change_of)
        assert told(capsys, site, "--output", str(path))[0] == 0
        assert sentence in path.read_text(encoding="utf-8"), change_of


def test_periods_changes_and_colours():
    assert compared_periods(date(2026, 4, 1), date(2026, 6, 1)) == (
        Period("month", date(2026, 5, 1), date(2026, 6, 1)), Period("month", date(2026, 4, 1), date(2026, 5, 1)))
    # May is not over, and of April a day is missing.
    assert compared_periods(date(2026, 4, 2), date(2026, 5, 31)) == (
        Period("week", date(2026, 5, 18), date(2026, 5, 25)), Period("week", date(2026, 5, 11), date(2026, 5, 18)))
    assert compared_periods(date(2025, 11, 1), date(2026, 1, 5))[0] == Period("month", date(2025, 12, 1), date(2026, 1, 1))
    assert compared_periods(date(2026, 5, 1), date(2026, 5, 3)) == (Period("all", date(2026, 5, 1), date(2026, 5, 4)), None)
    assert change(110, 100, "number") == ("up", "10.0 % more") and change(3, 4, "amount") == ("down", "25.0 % less")
    assert change(.12, .1, "share") == ("up", "2.0 points more") and change(5, 0, "number") == ("up", "up from nothing")
    assert change(5, None, "number")[0] == "none" and change(-1, -2, "amount")[0] == "up"

    style = (ROOT / "scripts" / "report" / "page.css").read_text(encoding="utf-8")
    themes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)]
    assert len(themes) == 3 and themes[0] == themes[2]  # light, dark, print
    for theme in themes:
        for name in ("ink", "muted", "accent", "good", "bad"):  # https://www.w3.org/TR/WCAG22/#contrast-minimum
            assert min(contrast(theme[name], theme[under]) for under in ("paper", "wash")) >= 4.5, name
        for place in range(1, 9):  # https://www.w3.org/TR/WCAG22/#non-text-contrast
            assert contrast(theme[f"c{place}"], theme["paper"]) >= 3, place


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    def luminance(colour):
        parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
