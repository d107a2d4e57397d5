"""Make the report: one HTML file that needs nothing else, no network either.

    python scripts/report.py
    python scripts/report.py --target postgres --output /srv/www/signups.html

It says what the tables hold as of the last refresh, and only reads them. Its days are those of report_timezone in
my_site.yml: give it the --vars of the refresh, if that had any. Exit code 0; 2 for wrong input,
missing tables, or a file that cannot be written.
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
              help="Where to write it.  [default: target/report.html of the project]")
@click.option("--period", type=click.Choice(["week", "month", "quarter"]),
              help="The period it opens with, the last complete one.  [default: month, or week until there are two whole months]")
@click.option("--model", type=click.Choice(list(MODELS)), default=DEFAULT_MODEL, show_default=True, metavar="MODEL",
              help="The credit model of the campaigns.")
@click.option("--name", metavar="TEXT", help="The site's name.  [default: the first of own_domains]")
@click.option("--with-persons", is_flag=True,
              help="Show what explain.py says of some persons of each channel, with their ids: only you may read the file then.")
def command(target, profile, variables, output, period, model, name, with_persons):
    plan = plan_refresh(target, variables=variables, with_seeds=False, profile=profile)
    print(f"The report is in {make_report(plan, output, time_zone(plan), model, period, name, with_persons)}.")


main = entry(command, "report.py")

if __name__ == "__main__":
    sys.exit(main())
