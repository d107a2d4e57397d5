"""Query the metrics: MetricFlow's command line `mf`, on a target of profiles.yml and with the project as it is now.

    python scripts/metrics.py list metrics
    python scripts/metrics.py query --metrics signups,cac --group-by metric_time__month
    python scripts/metrics.py --target postgres query --metrics ltv --group-by entry__channel

What follows the options of this script goes to mf unchanged, see https://docs.getdbt.com/docs/build/metricflow-commands; paths in it
start at the project's folder. Tables are only read. In a --csv file, a text that a spreadsheet would run as a formula, which any
visitor can put into a URL, begins with an apostrophe. mf's log is logs/metricflow.log. Exit code 0 if mf answered, 1 if it could
not, 2 for wrong input, missing tables, or a database that cannot be read.
"""

import os
import sys
import tempfile
from pathlib import Path

import click

from common.command_line import entry, keep_private, target_options, variables_option
from common.errors import RefreshError
from common.project import ROOT, read_variables_option
from database.postgres import safe_options
from database.stored_tables import check_tables
from database.target import log_file
from reporting.metricflow import csv_files, disarm, in_order_of_time, needs_tables, prepare


@click.command(help="Run MetricFlow's mf with ARGUMENTS, such as: query --metrics signups --group-by metric_time__month",
               context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@target_options
@variables_option
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def command(target, profile, variables, arguments):
    keep_private()
    chosen, arguments = read_variables_option(variables), [*arguments, *in_order_of_time(arguments)]
    for path in csv_files(arguments):
        if path.suffix != ".csv":
            raise RefreshError(f"mf would replace {path} with a table, and the name does not end in .csv: name another file after --csv.")
    os.environ["PGOPTIONS"] = safe_options()
    os.chdir(ROOT)  # so that relative paths mean the same from everywhere
    if needs_tables(arguments):  # mf would call what is wrong with them a bug of its own
        check_tables(target, "signup_attribution metrics", profile)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), target, chosen, profile)
        os.environ.update(DBT_PROFILES_DIR=folder, DBT_PROJECT_DIR=folder, DBT_LOG_PATH=str(log_file().parent))
        from dbt_metricflow.cli.main import cli  # takes seconds: wrong options are refused without it

        try:
            cli.main(arguments, prog_name="mf")
        finally:
            for path in filter(Path.is_file, csv_files(arguments)):
                disarm(path)


main = entry(command, "metrics.py")

if __name__ == "__main__":
    sys.exit(main())
