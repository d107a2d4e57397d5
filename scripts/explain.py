"""Tell a person's whole story: ids and how they were merged, sessions, touches with their evidence, and attribution.

    python scripts/explain.py u1000001
    python scripts/explain.py --target postgres --json 5f0c2d9e-anonymous-id

It gives the reason for each column of attribution. Name the person by alias_id, user id or anonymous id, exactly as
stored. Read-only. Exit code 0; 1 if nobody has that id; 2 for wrong input, missing tables, or a database that cannot be
read.
"""

import json
import sys
from datetime import datetime

import click

from command_line import run, target_options
from explain_facts import Common, facts_of, persons_of
from explain_story import story_of
from explain_text import story_lines
from escaping import escaped
from explain_words import said
from refresh_plan import RefreshError
from stored_tables import UNKNOWN_ID, Tables, stored_tables

NOBODY = 1  # exit code


def explain(tables: Tables, text: str, common: Common | None = None) -> dict:
    """The story of the person with this id. Raises RefreshError for nobody.

    common: what is the same for all persons, if it was read before.
    """
    found = persons_of(tables, text)
    if not found:
        raise RefreshError(UNKNOWN_ID.format(said(escaped(text))), NOBODY)
    common = common or Common(tables)
    story = story_of(common, found[0], facts_of(tables, common, found[0]["alias_id"]))
    if len({row["alias_id"] for row in found}) > 1:
        story["notes"].insert(0, f"{said(text)} is an anonymous id too, of the person {said(found[1]['alias_id'])}.")
    return story


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("person", metavar="PERSON")
@target_options
@click.option("--json", "is_json", is_flag=True, help="Everything as one JSON object.")
def command(person, target, profile, is_json):
    with stored_tables(target, "signup_attribution explain", profile=profile) as tables:
        story = explain(tables, person)
    if is_json:
        print(json.dumps(story, indent=2, default=datetime.isoformat))
    else:
        print("\n".join(story_lines(story)))


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    # Ids and URLs may have characters that the terminal's encoding lacks.
    sys.stdout.reconfigure(errors="backslashreplace")
    return run(command, "explain.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
