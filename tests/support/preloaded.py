"""What all processes of forks.py have loaded: dbt, and the macros of the project, which take seconds to compile."""

from pathlib import Path

import dbt.adapters.duckdb
import dbt.adapters.postgres
import dbt.cli.main  # noqa: F401
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache

from parsed import kept_file

file = kept_file(Path(__file__).parents[2], "duckdb")
if file.exists():
    for macro in Manifest.from_msgpack(file.read_bytes()).macros.values():
        template_cache.get_node_template(macro)
