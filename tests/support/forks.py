"""dbt again and again, without the seconds it takes to load Python, dbt and the project.

A process loads them once, and runs each request in a copy of itself (fork). That is a process of its own, with its own connections
and lock: it can be killed, and leaves nothing but what it wrote. The processes for several databases are themselves copies of one
that has loaded what does not depend on the database (preloaded.py).
"""

import gc
import json
import multiprocessing
import os
import re
import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
INTERRUPTED = 130  # exit code
PATIENCE = 300  # seconds for one request on a busy machine
WITH = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*with\s+(?:recursive\s+)?", re.IGNORECASE | re.DOTALL)


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
        environment = {**kept, **database.environment, **environment, "PYTHONPATH": str(scripts)}
        self.connection, other_end = multiprocessing.Pipe()
        self.process = preloaded_context().Process(target=serve, args=(other_end, database.target, scripts, working, environment), daemon=True)
        self.process.start()
        other_end.close()

    def start(self, *arguments, environment=None) -> int:
        """Begin a refresh with these options and variables; returns its process id. Wait for it before you begin the next one."""
        target = [] if "--target" in arguments else ["--target", self.database.target]
        return self.request(refresh=[*target, *arguments], environment=environment)

    def request(self, **asked) -> int:
        """Begin a request; returns its process id."""
        asked["output"] = [str(self.folder / "stdout"), str(self.folder / "stderr")]
        self.connection.send(asked)
        self.pid = self.connection.recv()
        return self.pid

    def wait(self) -> Ended:
        """Wait for the end of the last request; it is killed when it takes too long."""
        if not self.connection.poll(PATIENCE):
            os.kill(self.pid, signal.SIGKILL)
        code = self.connection.recv()
        return Ended(code, *((self.folder / name).read_text() for name in ("stdout", "stderr")))

    def refresh(self, *arguments, environment=None) -> Ended:
        """A refresh from beginning to end."""
        self.start(*arguments, environment=environment)
        return self.wait()

    def run(self, *arguments) -> dict:
        """A command of dbt from beginning to end: fields of an Outcome. Raises RuntimeError when dbt itself broke."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        self.request(dbt=list(arguments), answer=str(answer))
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
        self.connection.close()
        self.process.join(PATIENCE)


def apart(folder: Path) -> dict[str, str]:
    """Variables that make dbt write to this folder, not to the project's."""
    return {"DBT_LOG_PATH": str(folder), "DBT_TARGET_PATH": str(folder)}


@cache
def save_time():
    """Do faster what takes dbt a third of its time.

    Debug events about statements and connections, which nobody reads here, are left out; SQL is not parsed; a template is compiled once, and
    what tells the types of a query's columns is made once; and the mapping of all macros, which each node gets twice, is filled by plain updates.
    """
    from dbt import compilation
    from dbt.adapters import cache
    from dbt.adapters.base import connections as any_connections
    from dbt.adapters.sql import connections as sql_connections
    from dbt.context import macros
    from dbt_common.clients import agate_helper
    from jinja2 import Environment

    for module, names in ((cache, ["CacheAction"]), (any_connections, ["ConnectionReused", "ConnectionClosed", "Rollback"]),
                          (sql_connections, ["SQLQuery", "SQLQueryStatus", "ConnectionUsed", "SQLCommit"])):
        fire = module.fire_event
        module.fire_event = lambda event, *rest, fire=fire, **named: event and fire(event, *rest, **named)
        for name in names:
            assert hasattr(module, name), f"dbt has no {name} any more"
            setattr(module, name, lambda **_: None)
    assert hasattr(compilation, "inject_ctes_into_sql"), "dbt has no inject_ctes_into_sql any more"
    compilation.inject_ctes_into_sql = with_ctes
    Environment.compile = once(Environment.compile, lambda environment, *rest: (type(environment), *rest))
    agate_helper.build_type_tester = once(agate_helper.build_type_tester, lambda *given, **named: repr((given, named)))
    if hasattr(macros.MacroNamespace, "_search_order"):  # from dbt-core 1.12 on, macros are looked up when they are called
        macros.MacroNamespace.__iter__, macros.MacroNamespace.__getitem__ = (
            lambda self: iter(by_name(self)), lambda self, name: by_name(self)[name])
    assert {*vars(macros.MacroGenerator(None))} == {"macro", "context", "node", "stack"}, "dbt's macros have other fields"
    macros.MacroGenerator.__init__ = lambda self, macro, context=None, node=None, stack=None: self.__dict__.update(
        macro=macro, context=context, node=node, stack=stack)


def once(made_by, key):
    """The function; what it made is kept for calls with the same key."""
    made = {}

    def kept(*given, **named):
        found = key(*given, **named)
        if found not in made:
            made[found] = made_by(*given, **named)
        return made[found]

    return kept


def by_name(namespace) -> dict:
    """All macros that a node may call by name, and the packages: what dbt finds first wins."""
    if not hasattr(namespace, "by_name"):
        namespace.by_name = {}
        for found in reversed([*namespace._search_order()]):
            namespace.by_name.update(found)
    return namespace.by_name


def with_ctes(sql: str, ctes: list) -> str:
    """The SQL of a model with those of ephemeral models in front, as dbt puts them there. It begins, after comments, with `with` or `select`."""
    if not ctes:
        return sql
    joined = ", ".join(cte.sql for cte in ctes)
    if begun := WITH.match(sql):
        return f"{begun[0]}{joined}, {sql[begun.end():]}"
    start = len(sql) - len(sql.lstrip())
    return f"{sql[:start]}with{joined} {sql[start:]}"


@cache
def preloaded_context():
    """What makes processes that have dbt and the project's macros loaded."""
    from database.dbt_commands import run_dbt
    from parsed import Parsed
    from project import environment

    Parsed(run_dbt, SCRIPTS.parent, "duckdb")  # which leaves the parsed project where it is found
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["preloaded"])
    with environment({"PYTHONPATH": str(Path(__file__).parent)}):  # else it does not find the module, and says nothing
        forkserver.ensure_running()
    return context


def serve(connection, target: str, scripts: Path, working: Path | None, environment: dict[str, str]):
    """Run each request that comes: answer with its process id, and with its exit code when it has ended."""
    os.environ.clear()
    os.environ.update(environment)
    if working:
        os.chdir(working)
    sys.path.insert(0, str(scripts))
    import erase
    import refresh
    from dbt_common.clients.jinja import template_cache

    from database import dbt_commands
    from parsed import Parsed, with_present_seeds
    from project import outcome_of

    save_time()
    load = dbt_commands.run_dbt
    parsed = Parsed(load, scripts.parent, target)
    unused = [parsed.manifest()]
    for macro in unused[0].macros.values():
        template_cache.get_node_template(macro)  # compiles it, unless that was done before

    def run(arguments, on_event=None):
        """What a refresh runs once or several times."""
        return load(arguments, on_event, with_present_seeds(unused.pop()) if unused else parsed.manifest())

    dbt_commands.run_dbt = run
    while request := received(connection):
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
        connection.send(pid)
        connection.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def received(connection) -> dict | None:
    """The next request; None when nobody will send one."""
    try:
        return connection.recv()
    except EOFError:
        return None
