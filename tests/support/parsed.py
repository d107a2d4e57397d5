"""The project as dbt parsed it, kept in target/parsed: parsing takes longer than most of what a test asks of dbt."""

import hashlib
import os
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from dbt.contracts.files import FileHash
from dbt.contracts.graph.manifest import Manifest

KEPT = Path(__file__).parents[2] / "target/parsed"
FOLDERS = ("macros", "models", "seeds", "tests/sql", "analyses")
PACKAGES = ("dbt-core", "dbt-adapters", "dbt-duckdb", "dbt-postgres")  # their macros are among the parsed ones
DAY = 24 * 60 * 60


class Parsed:
    """The project in a folder for one target. Raises what `load` (as run_dbt) raises.

    What dbt read, its version and the schema of the target decide which file holds it; the database's name, the folder and what the
    seeds' files hold now are filled in.
    """

    def __init__(self, load, project: Path, target: str):
        self.project = project
        path = kept_file(project, target)
        if not path.exists():
            with TemporaryDirectory() as folder:
                outcome = load(["parse", "--project-dir", str(project), "--profiles-dir", str(project), "--target", target,
                                "--target-path", folder, "--log-path", folder, "--quiet", "--log-level", "none", "--log-level-file", "none"])
            if not outcome.success:
                raise RuntimeError(f"dbt cannot parse {project}: {outcome.exception}")
            keep(path, outcome.result.to_msgpack())
        self.packed = path.read_bytes()
        # as in profiles.yml
        file = os.environ.get("SIGNUP_ATTRIBUTION_DUCKDB", "target/signup_attribution.duckdb")
        self.database = {"postgres": os.environ.get("PGDATABASE", "postgres"), "duckdb": Path(file).stem}.get(target)

    def manifest(self) -> Manifest:
        """What dbt takes in place of parsing. It leaves marks in it, so each command gets its own."""
        made = Manifest.from_msgpack(self.packed)
        for node in (*made.nodes.values(), *made.sources.values()):
            if node.relation_name and self.database:
                node.relation_name = node.relation_name.replace(f'"{node.database}".', f'"{self.database}".', 1)
            node.database = self.database
            if getattr(node, "root_path", None):
                node.root_path = str(self.project)  # where the rows of a seed are
        return with_present_seeds(made)


def kept_file(project: Path, target: str) -> Path:
    """Where the parsed project is kept: its name is a hash of everything that it depends on."""
    packages = [version(name) for name in PACKAGES]
    found = hashlib.sha256(repr((packages, os.environ.get("SIGNUP_ATTRIBUTION_SCHEMA"))).encode())
    files = (path for name in FOLDERS for path in (project / name).rglob("*.*") if path.suffix in (".sql", ".yml", ".md"))
    found.update(repr(sorted(path.name for path in (project / "seeds").glob("*.csv"))).encode())
    for path in sorted((*files, *project.glob("*.yml"))):
        content = path.read_bytes()
        found.update(f"{path.relative_to(project)} {len(content)} ".encode() + content)
    return KEPT / f"{target}-{found.hexdigest()[:16]}.msgpack"


def with_present_seeds(manifest: Manifest) -> Manifest:
    """The same, as if dbt had just read the files of the seeds."""
    for node in manifest.nodes.values():
        if node.resource_type == "seed":
            path = Path(node.root_path, node.original_file_path)
            # before dbt-core 1.12 there is no from_path
            node.checksum = FileHash.from_path(str(path)) if hasattr(FileHash, "from_path") else FileHash.from_contents(path.read_bytes().decode().strip())
    manifest.build_flat_graph()  # which dbt-core 1.11 keeps as it was packed
    return manifest


def keep(path: Path, content: bytes):
    """Write the file whole, and remove those that no test run of today has written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for other in path.parent.iterdir():
        if other.stat().st_mtime < time.time() - DAY:
            other.unlink(missing_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
