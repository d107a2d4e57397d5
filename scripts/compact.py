"""Compact the tables on Spark: each refresh leaves small files and old snapshots, which slow down the next.

    python scripts/compact.py --target spark
    python scripts/compact.py --target spark --older-than 2d --orphans

Rows stay as they are. Whoever began to read a snapshot earlier than --older-than may have to begin again. Exit code 0 when all tables
are compacted; 2 for another target, missing tables, or when Spark refused something (run it again: it goes on); 3 while a refresh is running.
"""

import sys

import click

from common.command_line import entry, target_options
from database.compaction import compact
from database.target import find_target
from refreshing.health import read_span


@click.command(help=__doc__.split("\n\n")[0])
@target_options
@click.option("--older-than", default="7d", show_default=True, metavar="TIME", help="Delete snapshots older than this: 90m, 24h, 2d.")
@click.option("--orphans", "with_orphans", is_flag=True, help="Also delete files that refreshes left which died, after three days. It lists all files.")
def command(target, profile, older_than, with_orphans):
    compact(find_target(target, profile, engines=("spark",)), read_span(older_than, "--older-than"), with_orphans, print)


main = entry(command, "compact.py")

if __name__ == "__main__":
    sys.exit(main())
