"""Report a refresh to others: figures to metrics stores, alerts to people, as configured in refresh.yml.

    python scripts/notify.py --test
    python scripts/notify.py --test --settings /etc/signup_attribution/refresh.yml

--test sends a test message to each endpoint and says whether it arrived: exit code 0 if all did, 1 if one did not, 2 if
the settings are wrong or name no endpoint.
"""

import sys
from pathlib import Path

import click

from common.command_line import entry
from common.errors import RefreshError
from notifying.announcing import announce_test
from notifying.settings import SETTINGS, read_settings

NOT_ALL_REACHED = 1


@click.command(help="Try the endpoints in refresh.yml.")
@click.option("--test", is_flag=True, required=True, help="Send a test to each and say whether it arrived.")
@click.option("--settings", "path", metavar="FILE", type=click.Path(path_type=Path), default=SETTINGS,
              help="The settings.  [default: refresh.yml of the project]")
def command(test, path):
    settings = read_settings(path)
    results = announce_test(settings)
    if not results:
        raise RefreshError(f"{path.name} names no endpoint: uncomment those you want.")
    for name, sentence in results.items():
        remark = " (UDP does not tell whether it arrived)" if name == "metrics.statsd" else ""
        print(sentence or f"{name}: sent{remark}")
    return NOT_ALL_REACHED if any(results.values()) else 0


main = entry(command, "notify.py")

if __name__ == "__main__":
    sys.exit(main())
