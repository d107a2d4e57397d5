"""Write my_site.yml: where the messages are, which event is a sign-up, and which domains are your own.

    python scripts/init.py
    python scripts/init.py --target postgres --yes
    python scripts/init.py --files /data/segment

It looks at the database, or on DuckDB at a folder of files too, proposes what it finds and asks; with --yes it takes the proposals.
Events and domains are those of the first messages of each table. It writes the file that all other commands read
(SIGNUP_ATTRIBUTION_VARS names another one), and nothing else. Exit code 0; 2 when there are no messages, or the file is there already.
"""

import sys
from collections import Counter
from pathlib import Path

import click
import yaml

from common.command_line import run, target_options
from common.errors import BAD_INPUT, RefreshError
from common.escaping import escaped
from common.project import FILE_VARIABLE, shown, variables_file
from database.profiles import find_output
from starting.demo import is_of_the_demo
from starting.proposals import FIRST_EVENTS, FIRST_URLS, Places, asked, domain_of, likely_domains, likely_signup, listed, opened


@click.command(help=__doc__.split("\n\n")[0])
@target_options
@click.option("--files", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="DuckDB: a folder with tracks/*.parquet, pages.csv and the like.")
@click.option("--yes", "is_sure", is_flag=True, help="Take what is proposed, ask nothing.")
def command(target, profile, files, is_sure):
    output, path = find_output(target, profile), variables_file()
    if path.exists() and not is_of_the_demo(path):
        raise RefreshError(f"{shown(path)} is there already: edit it, or move it away, or name another file in {FILE_VARIABLE}.")
    if files and output.engine != "duckdb":
        raise RefreshError("Only DuckDB reads files: choose --target duckdb, or leave out --files.")
    with opened(output) as query:
        places = Places(query, output.engine, output.prefix, files)
        schemas = places.schemas()
        if not schemas:
            raise RefreshError("There is no table tracks, pages or screens with a column id that may be read: name the database "
                               "(--target, PGHOST, PGDATABASE), or a folder of files (--files).")
        for schema in schemas:
            print(f"{escaped(schema) or files}: {', '.join(collection for one, collection in places.columns if one == schema)}")
        if not files:
            schemas = asked("Schemas with messages of this site", schemas, is_sure)
            places.keep(schemas)
        events = places.values(("tracks",), ("event", "event_text"), FIRST_EVENTS)
        domains = Counter()
        for url, number in places.values(("pages", "tracks"), ("url", "context_page_url"), FIRST_URLS).items():
            domains[domain_of(url)] += number
        del domains[None]
    print(f"Events: {listed(events)}\nPages: {listed(domains)}")
    signup = likely_signup(events)
    if not signup:
        print("No event has the name of a sign-up: say under signup_events which one it is.")
    variables = {
        "sources": places.files or {"schemas": schemas},
        "signup_events": asked("Events that are a sign-up", [signup or "signed_up"], is_sure),
        "own_domains": asked("Your own domains", likely_domains(domains), is_sure),
    }
    path.write_text("# Where the messages are and what they mean; every command reads this file. README.md has all variables.\n"
                    + yaml.safe_dump(variables, sort_keys=False, default_flow_style=None, allow_unicode=True), encoding="utf-8")
    options = f" --target {output.name}" if target else ""
    print(f"{shown(path)} is written. Next:\n\n    python scripts/refresh.py{options} --check\n"
          f"    python scripts/refresh.py{options}{' --full-refresh' if places.has_tables else ''}\n")


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    unanswered = "Nothing was written, as there was no answer: run it again, with --yes to be asked nothing."
    return run(command, "init.py", arguments, stopped=(unanswered, BAD_INPUT))


if __name__ == "__main__":
    sys.exit(main())
