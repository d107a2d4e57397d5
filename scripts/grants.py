"""Create the roles owner, refresh and reader with the privileges they need: runs grants.sql, which explains itself.

    python scripts/grants.py
    python scripts/grants.py --sources segment,shop --reader bi

Run it as an administrator; the connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE. Exit code 0
when all was granted; 1 when the database refused, and then nothing was changed; 2 when it cannot be reached.
"""

import sys
from pathlib import Path

import click
import psycopg2

from common.command_line import entry, target_options
from common.errors import RefreshError
from database.errors import one_line
from database.postgres import connected
from database.target import prefix_of

SCRIPT = Path(__file__).with_suffix(".sql")
REFUSED = 1  # exit code


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--owner", metavar="ROLE", help="Role that owns the schemas.  [default: signup_attribution_owner]")
@click.option("--refresh", metavar="ROLE", help="Role that runs refreshes.  [default: signup_attribution_refresh]")
@click.option("--reader", metavar="ROLE", help="Role that reads the published schemas.  [default: signup_attribution_reader]")
@click.option("--sources", metavar="SCHEMAS", help="Schemas with messages, separated by commas.  [default: segment]")
@click.option("--published", metavar="SCHEMAS", help="Schemas that readers may read.  [default: sessions,reporting]")
@target_options
def command(target, profile, **chosen):
    settings = {**chosen, "prefix": prefix_of(target, profile)}
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


main = entry(command, "grants.py")

if __name__ == "__main__":
    sys.exit(main())
