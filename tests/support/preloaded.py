"""What all processes of forks.py have loaded: dbt, and the macros and models of the project, which take seconds to compile."""

from pathlib import Path

import dbt.adapters.duckdb
import dbt.adapters.postgres
import dbt.cli.main  # noqa: F401
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import get_template, template_cache

from forks import save_time
from parsed import kept_file

save_time()
file = kept_file(Path(__file__).parents[2], "duckdb")
if file.exists():
    project = Manifest.from_msgpack(file.read_bytes())
    for macro in project.macros.values():
        template_cache.get_node_template(macro)
    for node in project.nodes.values():
        if node.resource_type == "model":
            get_template(node.raw_code, {}, node)
