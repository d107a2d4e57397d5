"""Whether the tables are up to date, according to the view refresh.refresh_health.

    python scripts/health.py
    python scripts/health.py --target postgres --max-age 26h --max-lag 2d

One sentence. Exit code 0 when all is well; 1 when the last success is too long ago, the last refresh failed, messages
are too old, or the database does not say. (Docker, whose health checks this is for, knows no other codes:
https://docs.docker.com/reference/dockerfile/#healthcheck)
"""

import sys
from datetime import datetime, timezone

import click

from common.command_line import entry, target_options
from common.errors import RefreshError
from refreshing.health import problem, read_health, read_span, summary

UNHEALTHY = 1  # exit code


@click.command(help=__doc__.split("\n\n")[0])
@target_options
@click.option("--max-age", default="26h", show_default=True, metavar="TIME", help="How long ago the last success may be.")
@click.option("--max-lag", metavar="TIME", help="How old the newest message may be: 90m, 24h, 2d.  [default: any age]")
def command(target, profile, max_age, max_lag):
    max_age, max_lag = read_span(max_age, "--max-age"), max_lag and read_span(max_lag, "--max-lag")
    health, now = read_health(target, profile), datetime.now(timezone.utc).replace(tzinfo=None)
    wrong = problem(health, now, max_age, max_lag)
    if wrong:
        raise RefreshError(wrong)
    print(summary(health, now))


main = entry(command, "health.py", failed=UNHEALTHY)

if __name__ == "__main__":
    sys.exit(main())
