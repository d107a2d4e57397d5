"""Write my_site.yml: where the messages are, which event is a sign-up, and which domains are your own.

    python scripts/init.py
    python scripts/init.py --target postgres --yes
    python scripts/init.py --files /data/segment

It looks at the database, or on DuckDB at a folder of files too, proposes what it finds and asks; with --yes it takes the proposals.
Events and domains are those of the first messages of each table. It writes the file that all other scripts read
(SIGNUP_ATTRIBUTION_VARS names another one), and nothing else. Exit code 0; 2 when there are no messages, or the file exists already.
"""

import sys
from pathlib import Path

import click

from common.command_line import entry, target_options
from common.errors import BAD_INPUT
from database.target import find_target
from starting.proposals import propose

UNANSWERED = "Nothing was written, because there was no answer: run it again, with --yes to accept what is proposed."


@click.command(help=__doc__.split("\n\n")[0])
@target_options
@click.option("--files", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="DuckDB: a folder with tracks/*.parquet, pages.csv and the like.")
@click.option("--yes", "is_sure", is_flag=True, help="Accept what is proposed without being asked.")
def command(target, profile, files, is_sure):
    propose(find_target(target, profile), files, is_sure, f" --target {target}" if target else "")


main = entry(command, "init.py", stopped=(UNANSWERED, BAD_INPUT))

if __name__ == "__main__":
    sys.exit(main())
