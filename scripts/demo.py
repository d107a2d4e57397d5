"""Show the whole thing on sample data: a first refresh, then one a day, what came out, and the report.

    make demo

The messages go to target/sample, and day by day to target/demo; the tables to DuckDB's default file, the variables to
my_site.yml and the report to target/report.html, so that every other command finds them. Files of an earlier demo are
replaced; where there are others in their place, the demo refuses.
"""

import sys

import click

from common.command_line import run
from starting.demo import MESSAGES, show


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", type=click.IntRange(1000), default=MESSAGES, show_default=True, metavar="NUMBER", help="How many sample messages.")
def command(messages):
    show(messages)


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    try:
        return run(command, "demo.py", arguments)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
