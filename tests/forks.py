"""Refreshes one after another by the command line, without the seconds in which Python, dbt and the project are loaded.

A process loads them once, and begins each refresh as a copy of itself (fork). Such a refresh is a process of its own, with its own
connections and lock: it can be killed, and nothing of it is left but what it wrote.
"""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
INTERRUPTED = 130  # exit code
PATIENCE = 300  # seconds for one refresh on a busy machine


@dataclass
class Ended:
    """How a refresh ended: exit code (below 0: the signal that killed it), and what it printed."""

    code: int
    stdout: str
    stderr: str


class Forks:
    """The process that begins refreshes on one database. folder: what dbt writes goes there."""

    def __init__(self, database, folder: Path):
        self.folder, self.database = folder, database
        environment = {**os.environ, **database.environment, "DBT_LOG_PATH": str(folder), "DBT_TARGET_PATH": str(folder),
                       "PYTHONPATH": str(SCRIPTS)}
        self.process = subprocess.Popen(
            [sys.executable, __file__, database.target], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = None

    def start(self, *arguments) -> int:
        """Begin a refresh with these options; the number of its process. It has to be waited for before the next one."""
        request = {"arguments": ["--target", self.database.target, *arguments],
                   "output": [str(self.folder / "stdout"), str(self.folder / "stderr")]}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        return self.pid

    def wait(self) -> Ended:
        """Wait for the end of the refresh that was begun last."""
        code = int(self.process.stdout.readline())
        return Ended(code, *((self.folder / name).read_text() for name in ("stdout", "stderr")))

    def refresh(self, *arguments) -> Ended:
        """A refresh from beginning to end."""
        self.start(*arguments)
        return self.wait()

    def is_running(self) -> bool:
        """Whether the refresh that was begun last is still a process. (Its parent has not taken notice of its end.)"""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in ("Z", "X")

    def close(self):
        """End the process, and the refresh that it may have begun."""
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def serve(target: str):
    """Begin a refresh for each line of stdin: print its process's number, and when it has ended its exit code."""
    import refresh
    import refresh_run
    from dbt.contracts.graph.manifest import Manifest

    load = refresh_run.run_dbt
    parsed = load(["parse", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target", target, "--quiet",
                   "--no-partial-parse", "--log-level-file", "none"]).result.to_msgpack()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            for path, stream in zip(request["output"], (1, 2)):
                with closing(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w")) as file:
                    os.dup2(file.fileno(), stream)
            refresh_run.run_dbt = lambda arguments, on_event=None: load(arguments, on_event, Manifest.from_msgpack(parsed))
            code = INTERRUPTED
            try:
                code = refresh.main(request["arguments"])
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
