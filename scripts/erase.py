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

from command_line import run, target_options
from erasure import Counts, Erasure, finish, is_unfinished
from escaping import escaped
from explain_words import said
from profiles import read_profile
from refresh import OTHERS
from refresh_lock import make_lock, one_at_a_time
from refresh_plan import BAD_INPUT, Profile, RefreshError
from refresh_run import check_published
from stored_tables import NOT_YET, UNKNOWN_ID
from target import ROOT, Target, find_target

NOT_ALL = 1  # exit code
SHOWN = 20  # ids that are listed
LEFT = {
    "duckdb": "Not erased: sources, backups and earlier reports.",
    "postgres": "Not erased: sources, backups and earlier reports. The server keeps deleted rows until VACUUM, and values in its "
                "statistics until ANALYZE: run VACUUM ANALYZE.",
}


def asked_ids(persons: tuple[str, ...], file: Path | None) -> list[str]:
    """The ids of the command line and the file. Raises RefreshError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise RefreshError(f"The file {file} cannot be read: correct the path after --file.") from error
    ids = [*persons, *(line.strip() for line in lines if line.strip())]
    if not ids:
        raise RefreshError("Nobody is named: give an id, or --file with one id per line.")
    return list(dict.fromkeys(ids))


def erase(target: Target, ids: list[str], is_dry_run=False, say=lambda text: None) -> tuple[Counts, list[str]]:
    """Erase the persons with these ids: what went, and those of the ids that nobody has. Raises RefreshError.

    is_dry_run: only find what would go.
    """
    if target.file and not target.file.exists():
        raise RefreshError(NOT_YET)
    check_published(target)
    with one_at_a_time(make_lock(target), say=say):
        if not is_dry_run and is_unfinished(target):
            finish(target)
            say("An earlier erasure that did not finish is finished now.")
        with target.connected() as connection, Erasure(target, connection) as erasure:
            unknown, counts = erasure.ask(ids), erasure.counts()
            for line in lines(erasure.ids(), counts):
                say(line)
            if counts.messages and not is_dry_run:
                erasure.erase(counts)
        if erasure.is_kept and target.file:
            finish(target)
    return counts, unknown


def lines(ids: list[tuple[str, str]], counts: Counts):
    """Yields what would go, in words."""
    if not counts.messages:
        return
    for one, id_type in ids[:SHOWN]:
        yield f"  {'user' if id_type == 'user_id' else 'anonymous'} id {said(escaped(one))}"
    if len(ids) > SHOWN:
        yield f"  and {len(ids) - SHOWN:,} more"
    yield f"persons {counts.persons:,}, ids {counts.ids:,}, messages {counts.messages:,}, sessions {counts.sessions:,}, sign-ups {counts.signups:,}"
    if counts.shared_ids:
        yield f"Anonymous ids that others used too, which stay: {counts.shared_ids:,}"


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
