"""Make the roles owner, refresh and reader, and give each what it needs: runs grants.sql, which explains itself.

    python scripts/grants.py
    python scripts/grants.py --sources segment,shop --reader bi

Run it as an administrator; the connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE. Exit code 0
when all was granted; 1 when the database refused, and then nothing was changed; 2 when it cannot be reached.
"""

import os
import sys
from pathlib import Path

import click
import psycopg2

from command_line import run
from postgres import connected
from refresh_errors import one_line
from refresh_plan import RefreshError

SCRIPT = Path(__file__).with_suffix(".sql")
REFUSED = 1  # exit code


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--owner", metavar="ROLE", help="Who owns the schemas.  [default: signup_attribution_owner]")
@click.option("--refresh", metavar="ROLE", help="As whom refreshes run.  [default: signup_attribution_refresh]")
@click.option("--reader", metavar="ROLE", help="Who reads what is published.  [default: signup_attribution_reader]")
@click.option("--sources", metavar="SCHEMAS", help="Schemas with messages, with commas between.  [default: segment]")
@click.option("--published", metavar="SCHEMAS", help="Schemas that readers see.  [default: sessions,reporting]")
def command(**chosen):
    schema = os.environ.get("SIGNUP_ATTRIBUTION_SCHEMA", "")
    settings = {**chosen, "prefix": f"{schema}_" if schema.startswith("dev_") else None}
    with connected("signup_attribution grants") as server, server.cursor() as cursor:
        for name, value in settings.items():
            if value:
                cursor.execute("select set_config(%s, %s, false)", (f"signup_attribution.{name}", value))
        try:
            cursor.execute(SCRIPT.read_text(encoding="utf-8"))
        except psycopg2.errors.RaiseException as error:
            raise RefreshError(error.diag.message_primary, REFUSED) from error
        except psycopg2.Error as error:
            reason = one_line(error.diag.message_primary or str(error))
            sentence = f"Nothing was granted, {reason}: run this as an administrator, or correct the names."
            raise RefreshError(sentence, REFUSED) from error
    for notice in server.notices:
        if notice.startswith("WARNING:"):
            print(notice.removeprefix("WARNING:").strip(), file=sys.stderr)


def main(arguments=None) -> int:
    """Run the command line; returns the exit code."""
    return run(command, "grants.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
