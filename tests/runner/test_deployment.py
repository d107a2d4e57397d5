"""The examples of a deployment: what they call exists, what they promise is in them, and what can run here runs."""

import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import click
import pytest
import yaml

import activity
import erase
import grants
import health
import refresh
from installed import COPIED
from project import ROOT

EXAMPLES = [ROOT / "Dockerfile", ROOT / "compose.yml", *filter(Path.is_file, (ROOT / "deploy").rglob("*"))]
COMMANDS = {module.__name__: module.command for module in (refresh, health, grants, activity, erase)}
CALL = re.compile(r"scripts/(\w+)\.py([^\n;&|]*)")
WAIT_SECONDS = 20


def options_of(command: click.Command) -> set[str]:
    """All options of a command and of those below it."""
    commands = (command, *getattr(command, "commands", {}).values())
    parameters = [parameter for one in commands for parameter in one.params]
    return {option for parameter in parameters for option in parameter.opts if option[0] == "-"} | {"--help"}


def test_commands_and_options_exist():
    calls = [(path, *found.groups()) for path in EXAMPLES for found in CALL.finditer(path.read_text(encoding="utf-8"))]
    assert {script for _, script, _ in calls} >= {"refresh", "health", "grants"}
    for path, script, arguments in calls:
        unknown = set(re.findall(r"--[a-z][a-z-]*", arguments)) - options_of(COMMANDS[script])
        assert not unknown, f"{path}: {script}.py has no {unknown}"


def test_image_has_what_a_refresh_needs():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"  # nothing but what is named
    named = {line[1:] for line in ignored if line.startswith("!")}
    assert named == {*COPIED, "requirements.lock", "deploy/docker"}
    assert all((ROOT / name).exists() for name in named)


def test_image_has_the_packages_that_the_scripts_import():
    """Those of requirements.in, which Dockerfile and workflow install in the versions of requirements.lock."""
    wanted = (ROOT / "requirements.in").read_text(encoding="utf-8")
    assert "pytest" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    installed = {re.sub("[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)", wanted, re.MULTILINE)}
    scripts = list((ROOT / "scripts").rglob("*.py"))
    own = {path.relative_to(ROOT / "scripts").parts[0].removesuffix(".py") for path in scripts}
    packages = metadata.packages_distributions()
    for path in scripts:
        for name in imported_by(path) - own - sys.stdlib_module_names:
            providers = {re.sub("[-_.]+", "-", provider).lower() for provider in packages[name]}
            assert providers & installed, f"{path.name} imports {name}"


def imported_by(path: Path) -> set[str]:
    """The first names of all modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


def test_compose():
    services = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"postgres", "refresh", "metabase"}
    example = dict(line.split("=", 1) for line in (ROOT / "deploy/env.example").read_text().splitlines() if "=" in line)
    for name, service in services.items():
        for variable, value in service["environment"].items():
            if "PASS" in variable:
                asked = re.fullmatch(r"\$\{(\w+):\?fill in .env\}", value)  # compose refuses to start without it
                assert asked and example[asked[1]] == "", f"{name}: {variable}"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for volume in service.get("volumes", []):
            assert not volume.startswith("./") or (ROOT / volume.split(":")[0]).is_file(), volume
    assert services["refresh"]["read_only"] and services["refresh"]["cap_drop"] == ["ALL"]
    assert services["refresh"]["environment"]["PGUSER"] == "signup_attribution_refresh"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


def test_image_is_not_root_and_watches_its_health():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = [line.split()[0] for line in lines if line and line[0].isupper()]
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]
    assert words.index("USER") < words.index("HEALTHCHECK") < words.index("ENTRYPOINT")
    assert sum(line.startswith("FROM python:3.11-slim") for line in lines) == 2


def test_no_example_holds_a_password():
    given = re.compile(r"(?i)password['\"]?[ \t]*[:=][ \t]*['\"]?([^\s'\"$,{]+)")
    for path in EXAMPLES:
        text = re.sub(r":'\w+'", "", path.read_text(encoding="utf-8"))  # variables of psql
        for found in given.finditer(text):
            assert found[1].startswith("?"), f"{path}: {found[0]}"  # compose: ${NAME_PASSWORD:?fill in .env}


@pytest.fixture
def fake(tmp_path):
    """An environment with a `python` that writes down its arguments and fails, and a `sleep` that is short at first."""
    programs = {
        "python": 'echo "$@" >> "$ASKED"; exit 2',
        "sleep": 'echo "$1" >> "$SLEPT"; [ "$(wc -l < "$SLEPT")" = 1 ] || exec /bin/sleep 60',
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    written = {"ASKED": str(tmp_path / "asked"), "SLEPT": str(tmp_path / "slept")}
    return {**os.environ, **written, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_daily_refresh_in_the_container(fake, number):
    """It refreshes at once, again the next day after a failure, and stops at once when told to."""
    process = subprocess.Popen(
        ["/bin/sh", str(ROOT / "deploy/docker/daily.sh"), "--vars", "my site.yml"], env={**fake, "REFRESH_AT": "04:30"},
        stderr=subprocess.PIPE, text=True)
    slept, until = Path(fake["SLEPT"]), time.monotonic() + WAIT_SECONDS
    while not (slept.exists() and len(slept.read_text().splitlines()) == 2) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 143 and err.splitlines()[:2] == ["The refresh ended with exit code 2."] * 2
    asked = Path(fake["ASKED"]).read_text().splitlines()
    assert asked == ["scripts/refresh.py --target postgres --vars my site.yml"] * 2
    assert all(0 < int(seconds) <= 86_400 for seconds in slept.read_text().splitlines())


def test_daily_refresh_refuses_a_time_that_is_none(fake):
    command = ["/bin/sh", str(ROOT / "deploy/docker/daily.sh")]
    done = subprocess.run(command, env={**fake, "REFRESH_AT": "noon-ish"}, capture_output=True)
    assert done.returncode == 1 and not Path(fake["ASKED"]).exists()


def test_systemd_units(tmp_path):
    """By systemd itself, with an existing program in place of the one to be deployed."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    for path in (ROOT / "deploy/systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/opt/signup_attribution/.venv/bin/python", sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stderr


def test_cron_line():
    line = (ROOT / "deploy/cron/signup-attribution").read_text(encoding="utf-8").splitlines()[-1]
    *when, user, command = line.split(None, 6)
    assert when == ["0", "5", "*", "*", "*"] and user == "signup-attribution" and "%" not in command
    assert "scripts/refresh.py" in shlex.split(command)


def test_workflow_is_an_example_only():
    """It is not active here, asks for no more rights than it needs, and never runs twice at a time."""
    assert not (ROOT / ".github").exists()
    workflow = yaml.safe_load((ROOT / "deploy/github-actions/refresh.yml").read_text(encoding="utf-8"))
    assert workflow[True]["schedule"] == [{"cron": "0 5 * * *"}]  # YAML takes `on` for true
    assert workflow["permissions"] == {"contents": "read"} and workflow["concurrency"]["cancel-in-progress"] is False
    job = workflow["jobs"]["refresh"]
    assert job["env"]["PGPASSWORD"] == "${{ secrets.PGPASSWORD }}" and job["timeout-minutes"] < 360
