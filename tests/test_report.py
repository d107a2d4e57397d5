"""The report: its numbers are those of the tables on both engines, and a real browser shows all of it and runs nothing else."""

import re
import shutil
from datetime import date, datetime, timezone

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import refresh
import report
import reported
from browser import chromium
from engines import DuckDB
from project import ROOT, environment
from refresh_report import Report
from refresh_plan import RefreshError
from report_facts import read_facts
from report_page import page_of
from report_periods import Period, compared_periods
from report_words import change
from reported import MODEL, ZONE, refreshed
from stored_tables import stored_tables

NOW = datetime(2026, 7, 1, tzinfo=timezone.utc)
# Columns that name a row of a table of the page.
KEY_COLUMNS = {"over-time": 2, "touches": 2, "credits": 1, "retention": 2, "days": 1, "sessions": 1, "months": 1}


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
        assert path.as_uri() in page.requests() and asked_outside(page, path) == []


def asked_outside(page, path) -> list[str]:
    """What the opened pages asked for besides the report's own file and what stands in it."""
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
    channels = list(facts["over_time"]["shown"])
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
            report.write(refused, page_text)
        assert refused.read_text() == "<title>My page</title>"
    assert report.write(path, page_text) == path


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
    expected = reported.expected_tables(site)
    assert shown.keys() == expected.keys()
    for name, rows in shown.items():
        assert_rows(rows, expected[name], name)

    tiles = page.run("""
        return Object.fromEntries([...document.querySelectorAll("[data-figure]")].map(tile => [tile.dataset.figure,
            [tile.querySelector(".value").textContent, tile.querySelector(".change").innerText]]))""")
    assert page.driver.find_element(By.ID, "headline-title").text == "May 2026, against April 2026"
    may, april = (reported.figures(site, month) for month in (5, 4))
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
    assert reported.HOSTILE_ERROR in page.driver.find_element(By.ID, "runs").text


def assert_campaigns(page, site):
    """The campaigns' table has the money of the marts, and shows names as they are."""
    shown = page.run("""
        return [...document.querySelector("#campaign-table").tBodies[0].rows].map(row => [...row.cells].map(cell =>
            "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent))""")
    expected = reported.campaigns(site)
    assert {tuple(row[:4]) for row in shown} == expected.keys() and len(shown) == len(expected)
    assert {row[0] for row in shown} >= {name.lower() for name in reported.HOSTILE}
    for row in shown:
        assert row[4:] == pytest.approx(expected[tuple(row[:4])], abs=1e-6), row


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
    other = copied(site, tmp_path)
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
        other.execute(change_of)
        assert told(capsys, other, "--output", str(path))[0] == 0
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
