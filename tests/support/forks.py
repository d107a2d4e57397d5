"""dbt again and again, without the seconds it takes to load Python, dbt and the project.

A process loads them once, and runs each request in a copy of itself (fork). That is a process of its own, with its own connections
and lock: it can be killed, and leaves nothing but what it wrote.
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
INTERRUPTED = 130  # exit code
PATIENCE = 300  # seconds for one request on a busy machine


@dataclass
class Ended:
    """How a refresh ended: exit code (below 0: the signal that killed it), and what it printed."""

    code: int
    stdout: str
    stderr: str


class Forks:
    """The process that runs requests on one database. folder: for what they print.

    environment: variables besides those of the database; scripts: those of the project; working: folder where commands are given.
    """

    def __init__(self, database, folder: Path, environment: dict[str, str], scripts: Path = SCRIPTS, working: Path | None = None):
        self.folder, self.database, self.pid = folder, database, None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
        self.process = subprocess.Popen(
            # the process that frees semaphores of a killed request need not warn about them
            [sys.executable, "-W", "ignore:resource_tracker", __file__, database.target, str(scripts.parent)], cwd=working,
            env={**kept, **database.environment, **environment, "PYTHONPATH": str(scripts)},
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, *arguments, environment=None) -> int:
        """Begin a refresh with these options and variables; returns its process id. Wait for it before you begin the next one."""
        target = [] if "--target" in arguments else ["--target", self.database.target]
        return self.request(refresh=[*target, *arguments], environment=environment)

    def request(self, **asked) -> int:
        """Begin a request; returns its process id."""
        asked["output"] = [str(self.folder / "stdout"), str(self.folder / "stderr")]
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        return self.pid

    def wait(self) -> Ended:
        """Wait for the end of the last request; it is killed when it takes too long."""
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            os.kill(self.pid, signal.SIGKILL)
        code = int(self.process.stdout.readline())
        return Ended(code, *((self.folder / name).read_text() for name in ("stdout", "stderr")))

    def refresh(self, *arguments, environment=None) -> Ended:
        """A refresh from beginning to end."""
        self.start(*arguments, environment=environment)
        return self.wait()

    def run(self, *arguments) -> dict:
        """A command of dbt from beginning to end: fields of an Outcome. Raises RuntimeError when dbt itself broke."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        self.request(dbt=arguments, answer=str(answer))
        ended = self.wait()
        if ended.code or not answer.exists():
            raise RuntimeError(f"dbt broke ({ended.code}):\n{ended.stdout}{ended.stderr}")
        return json.loads(answer.read_text(encoding="utf-8"))

    def is_running(self) -> bool:
        """Whether the last request is still a process. (Its parent has not noticed its end.)"""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in ("Z", "X")

    def close(self):
        """End the process, and the request that it may have begun."""
        if self.pid and self.is_running():
            os.kill(self.pid, signal.SIGKILL)
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def apart(folder: Path) -> dict[str, str]:
    """Variables that make dbt write to this folder, not to the project's."""
    return {"DBT_LOG_PATH": str(folder), "DBT_TARGET_PATH": str(folder)}


def make_no_events():
    """Leave out dbt's debug events about statements and connections: nobody reads them here, and they take a twelfth of its time."""
    from dbt.adapters import cache
    from dbt.adapters.base import connections as any_connections
    from dbt.adapters.sql import connections as sql_connections

    for module, names in ((cache, ["CacheAction"]), (any_connections, ["ConnectionReused", "ConnectionClosed", "Rollback"]),
                          (sql_connections, ["SQLQuery", "SQLQueryStatus", "ConnectionUsed", "SQLCommit"])):
        fire = module.fire_event
        module.fire_event = lambda event, *rest, fire=fire, **named: event and fire(event, *rest, **named)
        for name in names:
            assert hasattr(module, name), f"dbt has no {name} any more"
            setattr(module, name, lambda **_: None)


def serve(target: str, project: str):
    """Run the request on each line of stdin: print its process id, and its exit code when it has ended."""
    import erase
    import refresh
    from dbt_common.clients.jinja import template_cache

    from database import dbt_commands
    from parsed import Parsed, with_present_seeds
    from project import outcome_of

    make_no_events()
    load = dbt_commands.run_dbt
    parsed = Parsed(load, Path(project), target)
    unused = [parsed.manifest()]
    for macro in unused[0].macros.values():
        template_cache.get_node_template(macro)  # compiles it

    def run(arguments, on_event=None):
        """What a refresh runs once or several times."""
        return load(arguments, on_event, with_present_seeds(unused.pop()) if unused else parsed.manifest())

    dbt_commands.run_dbt = run
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            gc.disable()  # the process ends before its garbage is worth looking for
            os.environ.update(request.get("environment") or {})
            for path, stream in zip(request["output"], (1, 2)):
                with closing(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w")) as file:
                    os.dup2(file.fileno(), stream)
            code = INTERRUPTED
            try:
                if "refresh" in request:
                    code = refresh.main(request["refresh"])
                elif "erase" in request:
                    code = erase.main(request["erase"])
                else:
                    answer = outcome_of(load, request["dbt"], with_present_seeds(unused.pop()))
                    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")
                    code = 0
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
