"""README and the other pages: every command that they show works, or at least exists, and every link leads somewhere.

A block ```sh is run, line by line and page by page, in a copy of the project that has sample data. The lines of a block ```sh elsewhere need
a server, a network or much time, or change what others use: their script, target and options have to exist.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import cli as dbt

from engines import DuckDB
from forks import Forks
from project import ROOT
from sampling import data as sample_data
from sampling.data import write_money

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in (
    "deploy/README.md", "macros/README.md", "macros/overrides/README.md"))]
COPIED = ("dbt_project.yml", "profiles.yml", "refresh.yml", "analyses", "macros", "models", "seeds", "scripts", "tests/sql/generic")
MONEY = ("ad_spend", "subscriptions")
BLOCK = re.compile(r"^```(\S*) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|dbt|(?:python )?scripts/\w+\.py) [^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
RUN, ELSEWHERE = ("sh", ""), ("sh", "elsewhere")


def blocks(path):
    """(language, mark) and text of each block of a page."""
    return [((language, mark), text) for language, mark, text in BLOCK.findall(path.read_text(encoding="utf-8"))]


def lines(text) -> list[str]:
    """The commands of a block, each on one line."""
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def commands(*kinds) -> list[str]:
    """The commands in blocks of these kinds, each once, in the order in which they are read."""
    return list(dict.fromkeys(line for path in PAGES for kind, text in blocks(path) if kind in kinds for line in lines(text)))


def words(line) -> list[str]:
    """The words of a command, without variables before it."""
    found = shlex.split(line, comments=True)
    while found and re.match(r"[A-Z_]+=", found[0]):
        found.pop(0)
    return found


def anchors(path) -> set[str]:
    """The anchors of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links(path):
    for link in ("".join(found) for found in LINK.findall(path.read_text(encoding="utf-8"))):
        if not link.startswith(("http://", "https://")):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), f"{link} leads nowhere"
            assert not anchor or anchor in anchors(target), f"{link} names no heading"


def test_every_analysis_is_listed():
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\|.*\? \| `(\w+)` \|$", page, re.MULTILINE)) == {path.stem for path in (ROOT / "analyses").glob("*.sql")}


def test_blocks_say_what_they_are():
    """So that no command is passed over: only pictures have no language."""
    for path in PAGES:
        for (language, mark), text in blocks(path):
            assert mark == "" or (language, mark) == ELSEWHERE, f"{path.name}: {mark}"
            assert language or not re.search(r"^(make|python|dbt|docker|\S*/python) ", text, re.MULTILINE), f"{path.name}: {text}"


def test_commands_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    macros = {name for path in (ROOT / "macros").rglob("*.sql") for name in re.findall(r"macro (\w+)\(", path.read_text(encoding="utf-8"))}
    inline = [line for path in PAGES for line in INLINE.findall(BLOCK.sub("", path.read_text(encoding="utf-8")))]
    seen = set()
    for line in [*commands(RUN, ELSEWHERE), *inline]:
        program, *rest = words(line.replace("…", "")) or [""]
        if program.startswith("scripts/"):
            program, rest = "python", [program, *rest]
        if program == "make":
            assert targets.issuperset(word for word in rest if "=" not in word), line
        elif program == "dbt":
            known = {name for parameter in dbt.commands[rest[0]].params for name in (*parameter.opts, *parameter.secondary_opts)}
            assert known.issuperset(word for word in rest if word.startswith("--")), line
            assert rest[0] != "run-operation" or macros.issuperset(rest[1:2]), line
        elif program == "python":
            assert (ROOT / rest[0]).exists(), line
            assert known_options(rest[0]) >= own_options(rest[0], rest[1:]), line
        elif program.endswith("/python"):
            assert all((ROOT / word).exists() for word in rest if word.startswith(("tests/", "scripts/"))), line
        seen.add(program)
    assert {"make", "dbt", "python"} <= seen


def own_options(path, arguments) -> set[str]:
    """The options that a script takes itself: metrics.py passes on what follows `query`."""
    if path.endswith("metrics.py") and "query" in arguments:
        arguments = arguments[:arguments.index("query")]
    return {word for word in arguments if word.startswith("--")}


def known_options(path) -> set[str]:
    """The options that the text of a script names, and those that all of them have."""
    texts = ((ROOT / name).read_text(encoding="utf-8") for name in (path, "scripts/common/command_line.py"))
    return {name for text in texts for name in re.findall(r"\"(--[a-z-]+)\"", text)}


@pytest.fixture
def copy(tmp_path):
    """A copy of the project with sample messages, ad costs and subscriptions, named in my_site.yml."""
    root = tmp_path / "project"
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name)
        else:
            root.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    sample, landing = tmp_path / "sample", tmp_path / "landing"
    sample_data.generate(sample, 2_000)
    (root / "target").mkdir(exist_ok=True)  # dbt makes it when it first parses the project
    write_money(sample, landing, sample_data.DEFAULTS["end"])
    (root / "my_site.yml").write_text(yaml.safe_dump({
        "sources": {
            **{collection: {"files": f"{sample}/{collection}/*.parquet"} for collection in sample_data.COLLECTIONS},
            **{name: {"files": f"{landing}/{name}.csv"} for name in MONEY},
        },
        "own_domains": ["example.com"],
    }), encoding="utf-8")
    return root


def test_commands_run(copy, tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "SIGNUP_ATTRIBUTION_"))},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    database = DuckDB(tmp_path)
    database.environment = {}  # the default one
    shown = commands(RUN)
    assert len(shown) > 10
    # a process with dbt and the project loaded runs what would otherwise load them each time
    forks = Forks(database, tmp_path, {"SIGNUP_ATTRIBUTION_VARS": "my_site.yml"}, copy / "scripts", copy)
    try:
        for line in shown:
            program, *rest = words(line)
            if program == "dbt":
                done = forks.run(*rest)
                assert done["success"] and done["statuses"], f"{line}\n{done['error']}"
            elif rest[0] == "scripts/refresh.py":
                done = forks.refresh(*rest[1:])
                assert done.code == 0, f"{line}\n{done.stdout}{done.stderr}"
            else:
                done = subprocess.run([program, *rest], cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False)
                assert done.returncode == 0 and done.stdout, f"{line}\n{done.stdout}{done.stderr}"
        for sql in (text for path in PAGES for (language, _), text in blocks(path) if language == "sql"):
            answer = forks.run("show", "--inline", sql)
            assert answer["success"], answer["error"]
    finally:
        forks.close()
