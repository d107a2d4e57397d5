"""Erase persons from all tables and files of the project, and keep their messages from coming back.

    python scripts/erase.py 'user 17' --dry-run
    python scripts/erase.py 'user 17'
    python scripts/erase.py --target postgres --file ids.txt --yes

A person is named by the alias_id, a user id or an anonymous id, written exactly as it is stored; a file has one id a line.
Shows what would be erased, and asks. docs/erasure.md says what is erased and what is not: sources, backups, earlier reports.
Exit code 0 when all were erased; 1 when nobody has one of the ids (the others are erased) or the answer was no; 2 for wrong
input, missing tables, or a database that cannot be reached; 3 while a refresh is running. If anything stops it, run it again:
it, or the next refresh, does the rest.
"""

import sys
from pathlib import Path

import click

from common.command_line import entry, keep_private, target_options
from erasing.erase import answer


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("persons", metavar="[PERSON]...", nargs=-1)
@click.option("--file", metavar="FILE", type=click.Path(path_type=Path), help="A file of ids, one per line.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only show what would be erased.")
@target_options
def command(persons, file, is_sure, is_dry_run, target, profile):
    keep_private()
    return answer(persons, file, is_sure, is_dry_run, target, profile)


main = entry(command, "erase.py", stopped=("Interrupted: run again.", 130))

if __name__ == "__main__":
    sys.exit(main())
