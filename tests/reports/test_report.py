"""The report: its numbers are those of the tables on both engines, and a real browser shows all of it and runs nothing else."""

import csv
import re
import shutil
from datetime import date, datetime, timedelta, timezone

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import refresh
import report
import reported
from browser import chromium
from common.errors import RefreshError
from database.stored_tables import stored_tables
from engines import DuckDB
from harness import rounded
from project import ROOT, environment
from refreshing.report import Report
from reported import MODEL, ZONE, Choice, refreshed
from reporting import making
from reporting.facts import DAYS, read_facts
from reporting.page import page_of

NOW = datetime(2026, 7, 1, tzinfo=timezone.utc)
# Columns that name a row of a table of the page.
KEY_COLUMNS = {"over-time": 2, "touches": 2, "credits": 1, "retention": 2, "days": 1, "sessions": 1, "months": 1, "channels": 1}
MAY = Choice(date(2026, 5, 1), date(2026, 6, 1))
CHOICES = (Choice(date(2026, 4, 10), date(2026, 5, 21)), Choice(date(2026, 4, 10), date(2026, 5, 21), "Paid Search"),
           Choice(date(2026, 5, 18), date(2026, 5, 19), "Email"))


@pytest.fixture(scope="module")
def site(duckdb_session, tmp_path_factory):
    """A DuckDB database of this module's own, refreshed once."""
    return copied(refreshed(duckdb_session).database, tmp_path_factory.mktemp("report"))


def copied(database, folder) -> DuckDB:
    """The same database in a file of its own."""
    own = DuckDB(folder)
    shutil.copy(database.path, own.path)
    return own


def facts_of(database):
    with environment(database.environment), stored_tables(database.target, "test") as tables:
        return read_facts(tables, ZONE, MODEL, now=NOW)


def told(capsys, database, *arguments):
    """Exit code, stdout and stderr of report.py."""
    with environment(database.environment):
        code = report.main(["--vars", f"{{report_timezone: {ZONE}}}", "--model", MODEL, *arguments])
    return code, *capsys.readouterr()


def test_facts_agree_on_both_engines(site, postgres_session):
    found, expected = facts_of(refreshed(postgres_session).database), facts_of(site)
    for facts in (found, expected):  # what depends on when the refresh was
        facts["health"]["runs"] = [(run["status"], run["error"]) for run in facts["health"]["runs"]]
        for name in ("last_success_at", "newest_message_lag_seconds", "last_duration_seconds", "last_status"):
            del facts["health"]["health"][name]
    assert rounded(found) == rounded(expected)


def test_a_clock_of_the_year_1(site, tmp_path):
    """Where it was the year before, which is no date in Python."""
    own = copied(site, tmp_path)
    for table, column in (("sessions.all_sessions", "session_start"), ("sessions.attribution", "signup_timestamp"),
                          ("reporting.path_credits", "signup_timestamp")):
        own.execute(f"update {table} set {column} = timestamp '0001-01-01'")
    facts = facts_of(own)
    assert facts["first_on"] == facts["last_on"] - timedelta(days=DAYS - 1)


def number(text: str):
    """A number as the page writes it, None where it says there is none; any other text as it is."""
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
            if other is None:
                assert one == "–", (name, key)
                continue
            digits = len(one.removesuffix(" %").partition(".")[2])
            assert number(one) == pytest.approx(float(other), abs=0.51 * 10 ** -digits), (name, key)


def test_page_shows_the_tables_in_a_browser(site, tmp_path, capsys):
    path = tmp_path / "made" / "report.html"
    assert told(capsys, site, "--output", str(path)) == (0, f"The report is in {path}.\n", "")
    text = path.read_text(encoding="utf-8")
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "<img" not in outside and "<script>alert" not in text and "alert(1)" in text
    assert "default-src 'none'" in text and "unsafe-eval" not in outside and len(text) < 3_000_000
    assert not re.search(r"user \d", text) and path.stat().st_mode & 0o777 == 0o644
    with chromium(tmp_path / "profile") as page:
        for width, scheme in ((1280, "light"), (390, "dark")):
            page.open(path, width, scheme)
            assert_drawn(page)
            assert page.run("return document.documentElement.scrollWidth") <= width
            paper = page.run("return getComputedStyle(document.body).backgroundColor")
            assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[scheme]
        page.open(path, 1280)
        assert page.run("return document.getElementById('stale').hidden") is False
        assert_headline(page, site)
        assert_numbers(page, site, MAY)
        assert_campaigns(page, site, MAY)
        for choice in CHOICES:
            choose(page, choice)
            assert_numbers(page, site, choice)
            assert_campaigns(page, site, choice)
        click_channel(page)
        assert_periods(page)
        assert_keyboard(page)
        assert_csv(page, tmp_path)
        assert page.run("return document.images.length") == 0
        assert page.run("return [...document.scripts].filter(one => one.type !== 'application/json').length") == 2
        assert told(capsys, site, "--output", str(path), "--with-persons", "--name", "My <b>site")[0] == 0
        assert path.stat().st_mode & 0o777 == 0o600  # it has ids
        page.open(path, 1280)
        assert page.driver.title == "Where sign-ups come from: My <b>site"
        page.run("document.querySelector('#channels-table a').click()")
        told_of = page.run("const one = document.querySelector(location.hash); return [one.textContent, one.nextElementSibling.textContent]")
        assert told_of[0] in reported.all_channels(site) and "Person user " in told_of[1] and "ATTRIBUTION" in told_of[1]
        assert page.complaints() == []
        assert path.as_uri() in page.requests() and asked_outside(page, path) == []


def asked_outside(page, path) -> list[str]:
    """What the opened pages asked for besides the report's own file and its contents."""
    return [url for url in page.requests() if url != path.as_uri() and not url.startswith("data:")]


OUTSIDE = "https://example.com/"
ASKING = {  # a part of a page -> what it asks for outside
    "image": f'<img src="{OUTSIDE}image.png">',
    "font": f'<style>@font-face {{ font-family: far; src: url("{OUTSIDE}font.woff2"); }}</style><p style="font-family: far">a</p>',
    "fetch": f'<script>fetch("{OUTSIDE}fetch").catch(() => 0)</script>',
    "prefetch": f'<link rel="prefetch" href="{OUTSIDE}prefetch">',
    "style": f'<link rel="stylesheet" href="{OUTSIDE}style.css">',
    "frame": f'<iframe src="{OUTSIDE}frame"></iframe>',
    "socket": '<script>new WebSocket("wss://example.com/socket")</script>',
    "file": '<img src="other.png">',
}


def test_what_a_page_asks_for_outside_is_noticed(tmp_path):
    """The test above could not fail if it looked at the wrong requests."""
    with chromium(tmp_path / "profile") as page:
        for name, part in ASKING.items():
            path = tmp_path / f"{name}.html"
            path.write_text(f"<!DOCTYPE html><body>{part}<script>document.documentElement.dataset.drawn = 1</script></body>")
            before = len(page.requests())
            page.open(path, 800)
            WebDriverWait(page.driver, 10).until(lambda _: [url for url in page.requests()[before:] if name in url and url != path.as_uri()])
        clean = tmp_path / "clean.html"
        clean.write_text('<!DOCTYPE html><body data-a="1"><script>document.documentElement.dataset.drawn = 1</script></body>')
        before = len(page.requests())
        page.open(clean, 800)
        assert page.requests()[before:] == [clean.as_uri()]


def renamed(value, names):
    """Texts and keys in a nest of dicts, lists and tuples by other names."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(one, names) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(renamed(one, names) for one in value)
    return names.get(value, value) if isinstance(value, str) else value


def test_channels_with_the_names_of_what_objects_have(site, tmp_path):
    facts = facts_of(site)
    channels = list({facts["texts"][row[1]]: None for row in facts["touches"]})
    page_text = page_of(renamed(facts, {channels[0]: "__proto__", channels[1]: "constructor", channels[2]: "</script><b>"}))
    path = tmp_path / "report.html"
    path.write_text(page_text, encoding="utf-8")
    with chromium(tmp_path / "profile") as page:
        page.open(path, 1280)
        assert_drawn(page)
        assert page.complaints() == [] and page.run("return document.querySelectorAll('b').length") == 0
    for refused, words in ((tmp_path / "tables.duckdb", "does not end in .html"), (tmp_path / "mine.html", "is not a report of this project")):
        refused.write_text("<title>My page</title>")
        with pytest.raises(RefreshError, match=words):
            making.write(refused, page_text)
        assert refused.read_text() == "<title>My page</title>"
    assert making.write(path, page_text) == path


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


def drawn(page):
    WebDriverWait(page.driver, 30).until(lambda _: page.run("return document.documentElement.dataset.drawn"))


def choose(page, choice: Choice):
    """Give the page these days and this channel, as a reader does."""
    for name, value in (("from", choice.start), ("to", choice.end - timedelta(days=1)), ("channel", choice.channel or "")):
        page.run("const one = document.getElementById(arguments[0]); one.value = arguments[1]; one.dispatchEvent(new Event('change'))",
                 name, str(value))
        drawn(page)


def shown_tables(page) -> dict[str, dict]:
    """Name -> head, rows and foot of the tables of the page; a number as it is, else text."""
    return page.run("""
        const cells = row => [...row.cells].map(cell => {
            const copy = cell.cloneNode(true); for (const more of copy.querySelectorAll("small, a")) more.remove();
            return copy.textContent.trim(); });
        return Object.fromEntries([...document.querySelectorAll("[data-table]")].map(place => [place.dataset.table, {
            head: cells(place.querySelector("thead tr")), rows: [...place.querySelectorAll("tbody tr")].map(cells),
            foot: [...place.querySelectorAll("tfoot tr")].map(cells) }]))""")


def assert_headline(page, site):
    """The tiles, each against the month before, and the data health."""
    tiles = page.run("""
        return Object.fromEntries([...document.querySelectorAll("[data-figure]")].map(tile => [tile.dataset.figure,
            [tile.querySelector(".value").textContent, tile.querySelector(".change").innerText]]))""")
    assert page.driver.find_element(By.ID, "headline-title").text == "May 2026, against April 2026"
    may, april = reported.figures(site, MAY), reported.figures(site, Choice(date(2026, 4, 1), MAY.start))
    assert {name: number(value) for name, (value, _) in tiles.items()} == pytest.approx(may, abs=0.05)
    for name, (_, words) in tiles.items():
        assert number(words.splitlines()[1].removeprefix("before: ")) == pytest.approx(april[name], abs=0.05), name
        assert any(said in words for said in ("more", "less", "unchanged")), words
    assert page.run("return document.querySelectorAll('.spark polyline').length") == len(tiles)

    facts = page.run("return Object.fromEntries([...document.querySelectorAll('[data-fact] dd')].map("
                     "one => [one.parentNode.dataset.fact, one.textContent]))")
    stored = site.query("select count(*) as n, count(*) filter (where is_clock_corrected) as c from partitioning.app_tracks")[0]
    assert facts["messages"] == f"{stored['n']:,}" and stored["c"] == 1 and facts["clock"].startswith("0 of ")
    assert facts["rejected"] == "1missing_identity 1"
    newest = site.query("select max(occurred_at) as at from partitioning.app_tracks")[0]["at"]
    assert facts["newest"] == f"{newest:%Y-%m-%d %H:%M} UTC"
    assert reported.HOSTILE_ERROR in page.run("return document.getElementById('runs').textContent")


def assert_numbers(page, site, choice):
    """The tables below the charts are those of the days and channel chosen, and so are their totals."""
    shown, expected = shown_tables(page), reported.expected_tables(site, choice)
    assert shown.keys() - {"campaigns"} == expected.keys()
    over_time = shown["over-time"]
    signups = sum(row[-1] for row in expected["over-time"])
    assert number(over_time["foot"][0][-1]) == signups and page.run("return report.figures(report.state)['Sign-ups']") == signups
    pivoted = [(row[0], name, count) for row in over_time["rows"] for name, count in zip(over_time["head"][1:-1], row[1:-1]) if count != "0"]
    assert [number(row[-1]) for row in over_time["rows"]] == [sum(number(one) for one in row[1:-1]) for row in over_time["rows"]]
    for name, rows in expected.items():
        assert_rows(pivoted if name == "over-time" else shown[name]["rows"], rows, name)
    if choice.channel is None:
        assert_rows(shown["channels"]["foot"], [("All channels", *reported.exact_figures(site, choice).values())], "channels")
        assert [number(one) for one in shown["credits"]["foot"][0][1:]] == [pytest.approx(signups, abs=0.05)] * 10


def assert_campaigns(page, site, choice):
    """The campaigns' table has the money of the marts, and shows names as they are; without a campaign only when asked."""
    def rows():
        return page.run("""
            return ["tbody", "tfoot"].map(part => [...document.querySelectorAll(`#campaigns-table ${part} tr`)].map(row =>
                [...row.cells].map(cell => "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) :
                    cell.firstChild?.firstChild?.textContent ?? cell.textContent)))""")

    expected = reported.campaigns(site, choice)
    named = {key: values for key, values in expected.items() if key[0] != "(none)"}
    total = [sum(values[place] for values in expected.values()) for place in (0, 1, 4)]
    for wanted in (named, expected):
        shown, foot = rows()
        assert {tuple(row[:4]) for row in shown} == wanted.keys() and len(shown) == len(wanted)
        for row in shown:
            assert row[5:] == pytest.approx(wanted[tuple(row[:4])], abs=1e-4), row
        assert not expected and not foot or foot[-1][0] == "Total" and [foot[-1][place] for place in (5, 6, 9)] == pytest.approx(total, abs=1e-3)
        page.run("document.getElementById('with-none').click()")
    if choice is MAY:
        assert {row[0] for row in shown} >= {name.lower() for name in reported.HOSTILE}
    colours = page.run("""
        const of = place => [...document.querySelectorAll(`${place} .dot`)].map(dot => [dot.parentNode.textContent, getComputedStyle(dot).backgroundColor]);
        return [of("#channels-table"), of("#campaigns-table td")]""")
    channels, campaigns = map(dict, colours)
    assert campaigns.keys() == {key[3] for key in named} and all(channels.get(name, colour) == colour for name, colour in campaigns.items())
    lost = [key for key, values in named.items() if values[1] and not values[0]]
    finding = page.driver.find_element(By.ID, "lost").text
    assert (f"on {len(lost)} campaigns" in finding or len(lost) == 1) and lost[0][0] in finding if lost else not finding


def click_channel(page):
    """Clicking a channel shows it alone, clicking again shows all; its colour stays."""
    choose(page, MAY)
    colour = "return getComputedStyle(document.querySelector('#channels-table .dot')).backgroundColor"
    email = "//table[@id='channels-table']//button[contains(., 'Email')]"
    before = page.run("return getComputedStyle(arguments[0].firstChild).backgroundColor", page.driver.find_element(By.XPATH, email))
    page.run("arguments[0].click()", page.driver.find_element(By.XPATH, email))
    drawn(page)
    assert [row[0] for row in shown_tables(page)["channels"]["rows"]] == ["Email"] and page.run(colour) == before == "rgb(194, 65, 12)"
    page.run("arguments[0].click()", page.driver.find_element(By.XPATH, email))
    drawn(page)
    assert len(shown_tables(page)["channels"]["rows"]) > 3


def assert_periods(page):
    """Week, month, quarter and all days, and the steps between them; words of changes."""
    def chosen(kind):
        page.run("const one = document.getElementById('kind'); one.value = arguments[0]; one.dispatchEvent(new Event('change'))", kind)
        drawn(page)
        return page.run("return [document.getElementById('from').value, document.getElementById('to').value]")

    assert chosen("month") == ["2026-05-01", "2026-05-31"] and chosen("week") == ["2026-05-25", "2026-05-31"]
    page.run("document.getElementById('earlier').click()")
    drawn(page)
    assert page.driver.find_element(By.ID, "headline-title").text == "Week of 18 May 2026, against week of 11 May 2026"
    assert chosen("quarter")[0] == "2026-04-01"
    assert chosen("all") == page.run("const one = document.getElementById('from'); return [one.min, one.max]")
    for arguments, words in (([110, 100, "number"], ["up", "10.0 % more"]), ([3, 4, "amount"], ["down", "25.0 % less"]),
                             ([.12, .1, "share"], ["up", "2.0 points more"]), ([5, 0, "number"], ["up", "up from nothing"]),
                             ([-1, -2, "amount"], ["up", "50.0 % more"]), ([5, None, "number"], ["none", "nothing to compare with"])):
        assert page.run("return report.change(...arguments)", *arguments) == words


def assert_csv(page, folder):
    """The file has the rows of the table, and nothing that a spreadsheet would run."""
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    page.run("document.querySelector('[data-table=campaigns] .csv').click()")
    path = folder / "campaigns.csv"
    WebDriverWait(page.driver, 20).until(lambda _: path.exists())
    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    table = shown_tables(page)["campaigns"]
    assert head == table["head"] and len(rows) == len(table["rows"]) + len(table["foot"])
    assert [row[0] for row in rows] == [row[0] for row in table["rows"] + table["foot"]]
    assert [number(f"{float(row[5]):.1f}") for row in rows] == pytest.approx([number(row[5]) for row in table["rows"] + table["foot"]])


def assert_keyboard(page):
    """Tab leads to the skip link first; Enter on a heading sorts, and then reverses the order."""
    page.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("class") == "skip"
    for order in ("descending", "ascending"):
        page.driver.find_element(By.XPATH, "//table[@id='campaigns-table']//button[text()='CAC']").send_keys(Keys.ENTER)
        assert page.run("return document.querySelector('#campaigns-table [aria-sort]').textContent") == "CAC"
        assert page.run("return [...document.querySelectorAll('#campaigns-table [aria-sort]')].map(one => one.ariaSort)") == [order]
        values = page.run("return [...document.querySelector('#campaigns-table').tBodies[0].rows].map(row => "
                          "row.cells[7].dataset.value)")
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

    # After a refresh the tables exist whatever becomes of the report.
    monkeypatch.setattr("refreshing.answer.refresh", lambda *_: Report())
    arguments = ["--vars", f"{{report_timezone: {ZONE}}}", "--log-format", "text"]
    with environment(site.environment):
        assert refresh.main([*arguments, "--report", str(path)]) == 0
        assert f"The report is in {path}." in capsys.readouterr().err and path.exists()
        assert refresh.main([*arguments, "--report", str(tmp_path / "file" / "report.html")]) == 4
    assert "All tables are up to date, but there is no new report. " in capsys.readouterr().err

    # Readers of the published schemas only, a site without money, and one without anything.
    other = copied(site, tmp_path)
    for change_of, sentence in (
        # In a file for them, views of the database are tables.
        ("create table reporting.kept as from reporting.signup_retention; drop view reporting.signup_retention; "
         "alter table reporting.kept rename to signup_retention; drop schema partitioning cascade",
         "partitioning.partitions, partitioning.rejected_events, partitioning.app_tracks are"),
        ("delete from reporting.ad_costs", "There are no costs: name the table"),
        ("drop schema reporting cascade", "reporting.performance_entries is missing"),
        ("delete from sessions.attribution", "Nobody has signed up yet."),
        ("delete from sessions.all_sessions", "There are no sessions yet"),
    ):
        other.execute(change_of)
        assert told(capsys, other, "--output", str(path))[0] == 0
        assert sentence in path.read_text(encoding="utf-8"), change_of


def test_first_period_and_colours(site, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    facts = facts_of(site)
    monkeypatch.setattr("reporting.facts.DAYS", 10)  # the newest days are in the page
    newest = facts_of(site)
    assert newest["first_on"] == facts["last_on"] - timedelta(days=9) and len(newest["sessions"]) < len(facts["sessions"])
    assert {row[0] for row in newest["sessions"] + newest["visitors"] + newest["touches"] + newest["campaigns"]} <= set(range(10))
    with chromium(tmp_path / "profile") as page:
        for first_on, last_on, period, expected in (
            (date(2026, 4, 1), date(2026, 6, 1), None, "May 2026, against April 2026"),
            # May is not over, and April lacks a day.
            (date(2026, 4, 2), date(2026, 5, 31), None, "Week of 18 May 2026, against week of 11 May 2026"),
            (date(2025, 11, 1), date(2026, 1, 5), None, "December 2025, against November 2025"),
            (date(2026, 1, 1), date(2026, 4, 1), "quarter", "Quarter from January 2026"),
            (date(2026, 5, 1), date(2026, 5, 3), None, "All days"),
        ):
            path.write_text(page_of({**facts, "first_on": first_on, "last_on": last_on}, "</title><b>", period), encoding="utf-8")
            page.open(path, 900)
            assert page.driver.find_element(By.ID, "headline-title").text == expected
        assert page.driver.title == "Where sign-ups come from: </title><b>" and page.complaints() == []

    style = (ROOT / "scripts" / "reporting" / "html" / "page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\);", style)
    themes = [{name: pair[theme] for name, *pair in pairs} for theme in (0, 1)]
    assert "@media print {\n  :root { color-scheme: light; }" in style
    for theme in themes:
        for name in ("ink", "muted", "accent", "good", "bad"):  # https://www.w3.org/TR/WCAG22/#contrast-minimum
            assert min(contrast(theme[name], theme[under]) for under in ("paper", "wash")) >= 4.5, name
        for name in [*(f"c{place}" for place in range(1, 22)), "other"]:  # https://www.w3.org/TR/WCAG22/#non-text-contrast
            assert contrast(theme[name], theme["paper"]) >= 3, name


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    def luminance(colour):
        parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
