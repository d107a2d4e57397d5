"""Rules of dbt-project-evaluator on this project's manifest: docs/develop.md says which were adopted, and why not the others.

Each rule is a function of the manifest, as `dbt parse` writes it, that gives a sentence for each breach.
"""

import re
from collections import defaultdict

PACKAGE = "signup_attribution"
# Models outside staging that read a source -> why.
READS_SOURCES = {
    "schema_changes": "lists the columns that the sources have, and reads none of their rows",
    "applied_overrides": "its hook checks identity_overrides before anything is made of it",
}
# Tables without a key -> why.
HAS_NO_KEY = {
    "batch_messages": "copies of a message are still among its rows",
    "visit_changes": "holds what the sources and the visits before say, and two of these may be alike",
}
LONGEST_CHAIN = 5  # views on views: each query of the last one runs them all
WRITTEN_RELATION = re.compile(r"\b(?<!distinct )(?:from|join)\s+(?!timestamp\b)(\w+\.\w+|\"\w+\"\.)", re.IGNORECASE)
IS_SQL_ALONE = re.compile(r"\{[{%#].*?[}%#]\}|--[^\n]*|'(?:[^']|'')*'", re.DOTALL)


class Project:
    """What the rules ask of a manifest, about this package's own nodes."""

    def __init__(self, manifest: dict):
        self.models = own(manifest["nodes"], "model")
        self.seeds = own(manifest["nodes"], "seed")
        self.tests = own(manifest["nodes"], "test")
        self.sources = own(manifest["sources"], "source")
        self.exposures = own(manifest["exposures"], "exposure")
        self.readers = defaultdict(set)
        for node in {**self.models, **self.exposures}.values():
            for parent in node["depends_on"]["nodes"]:
                self.readers[parent].add(node["unique_id"])

    def parents(self, node, *kinds) -> list[dict]:
        """What it reads, as far as it is of these kinds (models, seeds, sources)."""
        return [getattr(self, kind)[name] for kind in kinds for name in node["depends_on"]["nodes"] if name in getattr(self, kind)]

    def keys(self, model) -> list[set[str]]:
        """The columns, or sets of columns, that a data test finds unique."""
        found = []
        for test in self.tests.values():
            if test.get("attached_node") == model["unique_id"] and test.get("test_metadata"):
                arguments = test["test_metadata"]["kwargs"]
                if test["test_metadata"]["name"] == "unique":
                    found.append({arguments["column_name"]})
                elif test["test_metadata"]["name"] == "unique_combination":
                    found.append(set(arguments["columns"]))
        return found

    def views_on_views(self, model) -> list[str]:
        """The longest chain of views that ends in this model."""
        if model["config"]["materialized"] != "view":
            return []
        return max((self.views_on_views(parent) for parent in self.parents(model, "models")), key=len, default=[]) + [model["name"]]


def own(nodes: dict, kind: str) -> dict:
    return {name: node for name, node in nodes.items() if node["package_name"] == PACKAGE and node["resource_type"] == kind}


def is_staging(model) -> bool:
    return model["fqn"][1] == "staging"


def is_described(thing) -> bool:
    return bool((thing.get("description") or "").strip())


def sources_through_staging(project):
    """Direct join to source; models downstream that depend on a source."""
    for model in project.models.values():
        for source in project.parents(model, "sources"):
            if not is_staging(model) and model["name"] not in READS_SOURCES:
                yield f"{model['name']} reads {source['source_name']}.{source['name']}: let it read a model of staging."


def staging_reads_only_sources(project):
    """Staging models that depend on downstream models."""
    for model in filter(is_staging, project.models.values()):
        for parent in project.parents(model, "models"):
            if not is_staging(parent):
                yield f"{model['name']} is in staging and reads {parent['name']}, which is not."


def used_sources(project):
    """Unused sources."""
    for source in project.sources.values():
        if not project.readers[source["unique_id"]]:
            yield f"Nothing reads the source {source['source_name']}.{source['name']}."


def roots(project):
    """Root models."""
    for model in project.models.values():
        if not project.parents(model, "models", "seeds", "sources"):
            yield f"{model['name']} reads nothing by ref or source, so dbt does not know when to build it."


def written_relations(project):
    """Hard coded references."""
    for model in project.models.values():
        for relation in WRITTEN_RELATION.findall(IS_SQL_ALONE.sub(" ", model["raw_code"])):
            yield f"{model['name']} names {relation}: use ref or source."


def names(project):
    """Model naming conventions, model directories."""
    for model in project.models.values():
        if model["name"].startswith("stg_") != is_staging(model):
            yield f"{model['name']} is in models/{model['fqn'][1]}: models of staging, and no others, begin with stg_."


def described_beside(project):
    """Test and source directories: a model is described in its own folder."""
    for node in [*project.models.values(), *project.sources.values()]:
        file = (node.get("patch_path") or node["original_file_path"]).rpartition("://")[2]
        folder, _, name = file.rpartition("/")
        kind = "sources" if node["resource_type"] == "source" else "models"
        here = "models/staging" if kind == "sources" else node["original_file_path"].rpartition("/")[0]
        if folder != here or name != f"_{here.rpartition('/')[2]}__{kind}.yml":
            yield f"{node['name']} is described in {file}: it belongs to {here}/_{here.rpartition('/')[2]}__{kind}.yml."


def tested_keys(project):
    """Missing primary key tests; the key by which a table's rows are replaced is the one to test."""
    for model in project.models.values():
        if model["config"]["materialized"] == "ephemeral" or model["name"] in HAS_NO_KEY:
            continue
        declared, tested = model["config"].get("unique_key"), project.keys(model)
        wanted = {declared} if isinstance(declared, str) else set(declared or ())
        if not tested:
            yield f"No data test says what is unique in {model['name']}: add unique or unique_combination."
        elif wanted and not any(key <= wanted for key in tested):
            yield f"{model['name']} replaces rows by {', '.join(sorted(wanted))}, and no data test says that these are unique."


def descriptions(project):
    """Undocumented models, sources and source tables; and columns, which the evaluator does not ask for."""
    for node in [*project.models.values(), *project.seeds.values(), *project.sources.values(), *project.exposures.values()]:
        if not is_described(node):
            yield f"{node['name']} has no description."
        elif node["resource_type"] == "model" and not node["description"].lstrip().startswith("One row per"):
            yield f"The description of {node['name']} does not begin with One row per."
        for column in node.get("columns", {}).values():
            if not is_described(column):
                yield f"{node['name']}.{column['name']} has no description."


def described_sources(project):
    """Undocumented sources: the group of tables."""
    for name in sorted({source["source_name"] for source in project.sources.values() if not source["source_description"].strip()}):
        yield f"The source {name} has no description."


def chained_views(project):
    """Chained view dependencies."""
    for model in project.models.values():
        chain = project.views_on_views(model)
        if len(chain) > LONGEST_CHAIN:
            yield f"{' reads '.join(reversed(chain))}: {len(chain)} views, one on the other; store one of them."


def exposures(project):
    """Exposures that depend on sources, or on models that nobody can query."""
    for exposure in project.exposures.values():
        for parent in project.parents(exposure, "models", "sources"):
            if parent["resource_type"] == "source" or parent["config"]["materialized"] == "ephemeral":
                yield f"The exposure {exposure['name']} reads {parent['name']}, which is no table or view of the project."


def contracts(project):
    """Public models without contracts: those of the schemas that others read."""
    for model in project.models.values():
        is_public = model["fqn"][1] in ("sessions", "reporting") and model["config"]["materialized"] != "ephemeral"
        if is_public and not model["config"]["contract"]["enforced"]:
            yield f"{model['name']} has no contract, and others read its schema."


RULES = [sources_through_staging, staging_reads_only_sources, used_sources, roots, written_relations, names, described_beside, tested_keys,
         descriptions, described_sources, chained_views, exposures, contracts]
