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

from common.command_line import entry, target_options
from database.stored_tables import stored_tables
from explaining.story import explain
from explaining.text import story_lines


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


main = entry(command, "explain.py")

if __name__ == "__main__":
    sys.exit(main())
