"""Make the report: one HTML file that needs nothing else, no network either.

    python scripts/report.py
    python scripts/report.py --target postgres --output /srv/www/signups.html

It says what the tables hold since the last refresh, and only reads them. Its days are those of report_timezone in
my_site.yml: give it the --vars of the refresh, if that had any. Exit code 0; 2 for wrong input, tables that are not there, or a file that cannot be written.
"""

import os
import sys
import tempfile
from pathlib import Path

import click

from command_line import run, target_options, variables_option
from profiles import ROOT
from refresh_options import default_variables, plan_refresh
from refresh_plan import Plan, RefreshError
from report_words import MODELS
from stored_tables import stored_tables

DEFAULT_FILE = ROOT / "target" / "report.html"
DEFAULT_MODEL = "first"
TITLE = b"<title>Where sign-ups come from"  # what tells a report from other pages


def make_report(plan: Plan, output: Path, zone: str, model: str = DEFAULT_MODEL, period: str | None = None,
                name: str | None = None, with_persons: bool = False) -> Path:
    """Make the report of the plan's target and return where it is. Raises RefreshError.

    zone: report_timezone; model: that gives campaigns their credit; period: 'week', 'month' or 'quarter' that it opens with, None
    to choose; name: of the site, by default the first of own_domains; with_persons: with ids and stories of some who signed up.
    """
    # What draws charts takes a second to import, which wrong options need not wait for.
    from report_changes import last_batch
    from report_facts import read_facts
    from report_page import page_of

    with stored_tables(plan.target, "signup_attribution report", published=not with_persons, profile=plan.profile) as tables:
        facts = read_facts(tables, zone, model, with_persons, last_batch=last_batch(output.absolute()))
    domains = plan.vars.get("own_domains")
    text = page_of(facts, name or (str(domains[0]) if domains and isinstance(domains, list) else None), period)
    # Ids are for who made it, until they give it to others.
    return write(output.absolute(), text, 0o600 if with_persons else 0o644)


def check_output(path: Path):
    """Raises RefreshError when the report would take the place of something else."""
    if path.suffix != ".html":
        raise RefreshError(f"The report is an HTML page, but {path} does not end in .html: name another file.")
    try:
        if path.exists() and path.stat().st_size and TITLE not in path.read_bytes()[:4096]:
            raise RefreshError(f"{path} is not a report of this project, and would be replaced: name another file, or move it away.")
    except OSError as error:
        raise RefreshError(f"The report cannot be written to {path} ({error.strerror}): name another file.") from error


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """Put the text there at one moment: who opens the file finds the old report or the new one. Raises RefreshError."""
    made = None
    check_output(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".html", delete=False) as file:
            made = Path(file.name)
            file.write(text)
        made.chmod(mode)
        os.replace(made, path)
    except OSError as error:
        raise RefreshError(f"The report cannot be written to {path} ({error.strerror}): name another file.") from error
    finally:
        if made:
            made.unlink(missing_ok=True)
    return path


def time_zone(plan: Plan) -> str:
    """report_timezone, as the refresh has it. Raises RefreshError when it is no text."""
    zone = plan.vars.get("report_timezone", default_variables().get("report_timezone", "UTC"))
    if not isinstance(zone, str):
        raise RefreshError(f"report_timezone must be a time zone such as Europe/Berlin, not {zone}: correct it.")
    return zone


@click.command(help=__doc__.split("\n\n")[0])
@target_options
@variables_option
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE,
              help="Where it is written.  [default: target/report.html of the project]")
@click.option("--period", type=click.Choice(["week", "month", "quarter"]),
              help="The period it opens with: the last that is over.  [default: month, or week while two whole months are not there]")
@click.option("--model", type=click.Choice(list(MODELS)), default=DEFAULT_MODEL, show_default=True, metavar="MODEL",
              help="Model of credit of the campaigns.")
@click.option("--name", metavar="TEXT", help="The site's name.  [default: the first of own_domains]")
@click.option("--with-persons", is_flag=True,
              help="Show what explain.py says of some persons of each channel, with their ids: only you may read the file then.")
def command(target, profile, variables, output, period, model, name, with_persons):
    plan = plan_refresh(target, variables=variables, with_seeds=False, profile=profile)
    print(f"The report is in {make_report(plan, output, time_zone(plan), model, period, name, with_persons)}.")


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    return run(command, "report.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
