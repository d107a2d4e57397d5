"""Make the report: one HTML file that needs nothing else, no network either.

    python scripts/report.py
    python scripts/report.py --target postgres --output /srv/www/signups.html

It says what the tables hold since the last refresh, and only reads them. Its days are those of report_timezone in
my_site.yml: give it the --vars of the refresh, if that had any. Exit code 0; 2 for wrong input, tables that are not there, or a file that cannot be written.
"""

import sys
from pathlib import Path

import click

from common.command_line import entry, target_options, variables_option
from refreshing.options import plan_refresh
from reporting.making import DEFAULT_FILE, DEFAULT_MODEL, make_report, time_zone
from reporting.words import MODELS


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


main = entry(command, "report.py")

if __name__ == "__main__":
    sys.exit(main())
