"""The models keep to the rules of dbt-project-evaluator that fit, and each rule finds what breaks it. `make lint` runs this too."""

import re

import pytest

from engines import DuckDB
from harness import Engine
from manifest_rules import PACKAGE, RULES, Project
from project import ROOT

RULE = {rule.__name__: rule for rule in RULES}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict:
    """The manifest as a dictionary. Nothing is asked of the database."""
    folder = tmp_path_factory.mktemp("manifest")
    project = Engine(DuckDB(folder), folder).project
    return project.invoke("parse", manifest=project.manifest()).result.writable_manifest().to_dict(omit_none=False)


@pytest.fixture
def changed(written):
    """A function that changes what the manifest holds of a model or another thing, until the test is over."""
    before = []

    def change(name, **fields):
        found = [node for group in ("nodes", "sources", "exposures") for node in written[group].values()
                 if node["package_name"] == PACKAGE and node["name"] == name and node["resource_type"] != "unit_test"]
        for node in found:
            before.append((node, dict(node)))
            node.update({field: value(node[field]) if callable(value) else value for field, value in fields.items()})
        assert found, name

    yield change
    for node, fields in reversed(before):
        node.clear()
        node.update(fields)


def test_the_models_keep_to_the_rules(written):
    project = Project(written)
    assert [sentence for rule in RULES for sentence in rule(project)] == []


def source(name):
    return {"nodes": [f"source.{PACKAGE}.{name}"]}


def model(name):
    return {"nodes": [f"model.{PACKAGE}.{name}"]}


def config(**options):
    return {"config": lambda before: {**before, **options}}


# What breaks a rule, and what it says then.
BREACHES = [
    ("sources_through_staging", "ad_costs", {"depends_on": source("business.ad_spend")}, "ad_costs reads business.ad_spend"),
    ("staging_reads_only_sources", "stg_tracks", {"depends_on": model("app_tracks")}, "stg_tracks is in staging and reads app_tracks"),
    ("used_sources", "stg_survey", {"depends_on": {"nodes": []}}, "Nothing reads the source business.survey"),
    ("roots", "attribution", {"depends_on": {"nodes": []}}, "attribution reads nothing"),
    ("written_relations", "attribution", {"raw_code": "select * from -- that\n sessions_stages.touches"}, "attribution names sessions_stages.touches"),
    ("written_relations", "attribution", {"raw_code": 'select * from x join "a"."b" on true'}, 'attribution names "a"'),
    ("names", "stg_tracks", {"fqn": [PACKAGE, "reporting", "stg_tracks"]}, "stg_tracks is in models/reporting"),
    ("names", "attribution", {"fqn": [PACKAGE, "staging", "attribution"]}, "attribution is in models/staging"),
    ("described_beside", "attribution", {"patch_path": f"{PACKAGE}://models/reporting/_reporting__models.yml"}, "attribution is described in"),
    ("described_beside", "revenue", {"original_file_path": "models/reporting/_reporting__sources.yml"}, "revenue is described in"),
    ("tested_keys", "unique_attribution_alias_id", {"attached_node": None}, "No data test says what is unique in attribution"),
    ("tested_keys", "attribution", config(unique_key="signup_session_id"), "attribution replaces rows by signup_session_id"),
    ("descriptions", "attribution", {"description": " "}, "attribution has no description"),
    ("descriptions", "attribution", {"description": "Who signed up."}, "does not begin with One row per"),
    ("descriptions", "survey", {"columns": {"answer": {"name": "answer", "description": ""}}}, "survey.answer has no description"),
    ("descriptions", "referrers", {"description": ""}, "referrers has no description"),
    ("described_sources", "survey", {"source_description": ""}, "The source business has no description"),
    ("exposures", "report", {"depends_on": model("channel_moves")}, "The exposure report reads channel_moves"),
    ("contracts", "attribution", config(contract={"enforced": False}), "attribution has no contract"),
]


@pytest.mark.parametrize("rule, name, fields, sentence", BREACHES, ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(BREACHES)])
def test_a_breach_is_found(written, changed, rule, name, fields, sentence):
    changed(name, **fields)
    assert any(sentence in said for said in RULE[rule](Project(written)))


def test_a_chain_of_views_is_found(written, changed):
    names = ["known_pairs", "user_links", "unmerged_groups", "suspicious_identities", "journeys", "time_to_signup"]
    for name, parent in zip(names[1:], names):
        changed(name, depends_on=model(parent))
    said = list(RULE["chained_views"](Project(written)))
    assert said == [f"{' reads '.join(reversed(names))}: 6 views, one on the other; store one of them."]


def test_the_page_on_refreshes_names_each_table_by_its_strategy(written):
    page = (ROOT / "docs" / "how-a-refresh-works.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (`.*`) \| .* \| `(\w+)` \|$", page, re.MULTILINE))
    said = {name: strategy for names, strategy in told.items() for name in re.findall(r"`(\w+)`", names)}
    assert said == {model["name"]: model["config"]["incremental_strategy"] for model in Project(written).models.values()
                    if model["config"]["materialized"] not in ("view", "ephemeral")}


def test_each_rule_is_broken_here():
    assert {rule for rule, *_ in BREACHES} | {"chained_views"} == set(RULE)
