"""Makes the report: one HTML file that needs nothing else."""

import os
import tempfile
from pathlib import Path

from common.errors import RefreshError
from common.plan import Plan
from common.project import ROOT, default_variables
from database.stored_tables import stored_tables

DEFAULT_FILE = ROOT / "target" / "report.html"
DEFAULT_MODEL = "first"
TITLE = b"<title>Where sign-ups come from"  # what tells a report from other pages


def make_report(plan: Plan, output: Path, zone: str, model: str = DEFAULT_MODEL, period: str | None = None,
                name: str | None = None, with_persons: bool = False) -> Path:
    """Make the report of the plan's target and return where it is. Raises RefreshError.

    zone: report_timezone; model: that gives campaigns their credit; period: 'week', 'month' or 'quarter' that it opens with, None
    to choose; name: of the site, by default the first of own_domains; with_persons: with ids and stories of some who signed up.
    """
    # What draws charts takes a second to import: wrong options are refused without it.
    from reporting.facts import last_batch, read_facts
    from reporting.page import page_of

    with stored_tables(plan.target, "signup_attribution report", published=not with_persons, profile=plan.profile) as tables:
        facts = read_facts(tables, zone, model, with_persons, last_batch=last_batch(output.absolute()))
    domains = plan.vars.get("own_domains")
    text = page_of(facts, name or (str(domains[0]) if domains and isinstance(domains, list) else None), period)
    # Ids are for whoever made it, until they share it.
    return write(output.absolute(), text, 0o600 if with_persons else 0o644)


def check_output(path: Path):
    """Raises RefreshError when the report would replace something else."""
    if path.suffix != ".html":
        raise RefreshError(f"The report is an HTML page, but {path} does not end in .html: name another file.")
    try:
        if path.exists() and path.stat().st_size and TITLE not in path.read_bytes()[:4096]:
            raise RefreshError(f"{path} is not a report of this project, and would be replaced: name another file, or move it away.")
    except OSError as error:
        raise RefreshError(f"The report cannot be written to {path} ({error.strerror}): name another file.") from error


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """Write the file in one step: whoever opens it finds the old report or the new one. Raises RefreshError."""
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
    """report_timezone, as the refresh has it. Raises RefreshError when it is not text."""
    zone = plan.vars.get("report_timezone", default_variables().get("report_timezone", "UTC"))
    if not isinstance(zone, str):
        raise RefreshError(f"report_timezone must be a time zone such as Europe/Berlin, not {zone}: correct it.")
    return zone
