"""Erase persons: find who is meant, show what would go, and carry the erasure out."""

import os
import sys
from pathlib import Path

import click

from common.errors import RefreshError, escaped, said
from common.project import ROOT, Profile, read_text
from database.lock import make_lock, one_at_a_time
from database.published import check_published
from database.stored_tables import NOT_YET, UNKNOWN_ID, check_tables
from database.target import Target, find_target
from erasing.erasure import Counts, Erasure, finish, is_unfinished

NOT_ALL = 1  # exit code
SHOWN = 20  # ids that are listed
LEFT = {
    "duckdb": "Not erased: sources, backups and earlier reports.",
    "postgres": "Not erased: sources, backups and earlier reports. The server keeps deleted rows until VACUUM, and values in its "
                "statistics until ANALYZE: run VACUUM ANALYZE.",
}


def asked_ids(persons: tuple[str, ...], file: Path | None) -> list[str]:
    """The ids of the command line and the file. Raises RefreshError."""
    lines = read_text(file, "name a text in UTF-8 after --file, with one id per line").split("\n") if file else []
    ids = [*persons, *(line.strip() for line in lines if line.strip())]
    if not ids:
        raise RefreshError("Nobody is named: give an id, or --file with one id per line.")
    return list(dict.fromkeys(ids))


def erase(target: Target, ids: list[str], is_dry_run=False, say=lambda text: None) -> tuple[Counts, list[str]]:
    """Erase the persons with these ids; returns what went, and the ids that nobody has. Raises RefreshError.

    is_dry_run: only find what would go.
    """
    if target.file and not target.file.exists():
        raise RefreshError(NOT_YET)
    check_published(target)
    with one_at_a_time(make_lock(target), say=say):
        with target.connected() as connection:
            is_left = not is_dry_run and is_unfinished(connection, target)
        if is_left:
            finish(target)
            say("An earlier erasure that did not finish is finished now.")
        with target.connected() as connection, Erasure(connection, target) as erasure:
            unknown, counts = erasure.find(ids), erasure.counts()
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
    if counts.overrides:
        yield f"Rows of identity_overrides that name these ids, which will no longer count; remove them there, too: {counts.overrides:,}"


def answer(persons: tuple[str, ...], file: Path | None, is_sure: bool, is_dry_run: bool, target: str | None, profile: Profile) -> int:
    """Show what would go, ask, and erase it; the exit code. Raises RefreshError, click.Abort."""
    ids = asked_ids(persons, file)
    os.chdir(ROOT)  # so that relative paths mean the same from everywhere
    if not (is_sure or is_dry_run or sys.stdin.isatty()):
        check_tables(target, "signup_attribution erase", profile)
        raise RefreshError("Nothing was erased, because there is no terminal to ask for confirmation: add --yes, or --dry-run to only look.")
    target = find_target(target, profile)
    is_yes = is_sure
    if not is_sure:
        counts, unknown = erase(target, ids, is_dry_run=True, say=print)
        # nobody holds the lock while the user decides
        is_yes = counts.messages and not is_dry_run and click.confirm("Erase all of this?")
    if is_yes:
        counts, unknown = erase(target, ids, say=print if is_sure else lambda text: None)
        print(f"Erased. {LEFT[target.engine]}" if counts.messages else "Nothing was erased.")
    if unknown:
        named = ", ".join(said(escaped(one)) for one in unknown[:SHOWN])
        raise RefreshError(UNKNOWN_ID.format(named), NOT_ALL)
    return 0 if is_yes or is_dry_run else NOT_ALL
