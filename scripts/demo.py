"""Show the whole thing on sample data: a first refresh, then one a day, the results, and the report.

    make demo

The messages go to target/sample, and day by day to target/demo; the tables to DuckDB's default file, the variables to
my_site.yml and the report to target/report.html, so that every other command finds them. It replaces files
of an earlier demo, and refuses to replace any others.
"""

import sys

import click

from common.command_line import entry
from common.errors import RefreshError
from starting.demo import MESSAGES, show


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", type=click.IntRange(1000), default=MESSAGES, show_default=True, metavar="NUMBER", help="How many sample messages.")
def command(messages):
    try:
        show(messages)
    except OSError as error:
        raise RefreshError(f"{error.filename}: {error.strerror}.", 1) from error


main = entry(command, "demo.py")

if __name__ == "__main__":
    sys.exit(main())
