"""Erase persons from all tables and files of the project, and keep their messages from coming back.

    python scripts/erase.py 'user 17' --dry-run
    python scripts/erase.py 'user 17'
    python scripts/erase.py --target postgres --file ids.txt --yes

A person is named by the alias_id, a user id or an anonymous id, written exactly as it is stored; a file has one id a line.
Shows what would be erased, and asks. docs/erasure.md says what is erased and what is not: sources, backups, earlier reports.
Exit code 0 when all were erased; 1 when nobody has one of the ids (the others are erased) or the answer was no; 2 for wrong
input, tables that are not there, or a database that cannot be reached; 3 while a refresh is running. Run again after whatever
stopped it: what is left to do is done then, or by the next refresh.
"""

import os
import sys
from pathlib import Path

import click

from common.command_line import OTHERS, run, target_options
from common.errors import BAD_INPUT, RefreshError
from common.escaping import escaped, said
from common.project import ROOT, Profile
from database.profiles import read_profile
from database.stored_tables import UNKNOWN_ID
from database.target import find_target
from erasing.erase import LEFT, NOT_ALL, SHOWN, asked_ids, erase


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("persons", metavar="[PERSON]...", nargs=-1)
@click.option("--file", metavar="FILE", type=click.Path(path_type=Path), help="A file of ids, one per line.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only show what would be erased.")
@target_options
def command(persons, file, is_sure, is_dry_run, target, profile: Profile):
    ids = asked_ids(persons, file)
    if not (is_sure or is_dry_run or sys.stdin.isatty()):
        raise RefreshError("Nothing was erased, because there is no terminal to ask for confirmation: add --yes, or --dry-run to only look.", BAD_INPUT)
    os.chdir(ROOT)  # so that relative paths mean the same from everywhere
    target = find_target(target or read_profile(profile)[0], profile)
    is_yes = is_sure
    if not is_sure:
        counts, unknown = erase(target, ids, is_dry_run=True, say=print)
        # nobody holds the lock while somebody thinks
        is_yes = counts.messages and not is_dry_run and click.confirm("Erase all of this?")
    if is_yes:
        counts, unknown = erase(target, ids, say=print if is_sure else lambda text: None)
        print(f"Erased. {LEFT[target.engine]}" if counts.messages else "Nothing was erased.")
    if unknown:
        named = ", ".join(said(escaped(one)) for one in unknown[:SHOWN])
        raise RefreshError(UNKNOWN_ID.format(named), NOT_ALL)
    return 0 if is_yes or is_dry_run else NOT_ALL


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    os.umask(os.umask(OTHERS) | OTHERS)
    # Ids may have characters that the terminal's encoding has not.
    sys.stdout.reconfigure(errors="backslashreplace")
    return run(command, "erase.py", arguments, stopped=("Interrupted: run again.", 130))


if __name__ == "__main__":
    sys.exit(main())
