"""The project as dbt people use theirs: as a package of another project with a profile of its own, by dbt clone and --defer."""

import shutil

import duckdb
import yaml
from dbt import selected_resources

from database.dbt_commands import run_dbt
from project import ROOT

PROFILE = {"target": "prod", "outputs": {
    name: {"type": "duckdb", "path": "{{ env_var('COMPANY_FILE') }}", "schema": schema, "threads": 4}
    for name, schema in (("prod", "main"), ("dev", "ann"))}}
COMPANY = {
    "dbt_project.yml": yaml.safe_dump({
        "name": "my_company", "version": "1.0", "profile": "my_company", "seeds": {"my_company": {"+schema": "lists"}},
        "vars": {"signup_attribution": {"own_domains": ["example.com"]}}}),
    "packages.yml": yaml.safe_dump({"packages": [{"local": str(ROOT)}]}),
    "profiles.yml": yaml.safe_dump({"my_company": PROFILE}),
    "models/signups.sql": "select * from {{ ref('signup_attribution', 'attribution') }}",
    "models/runs.sql": "{{ config(materialized='incremental') }} select '{{ invocation_id }}' as run, {{ is_incremental() }} as is_later",
    "seeds/shops.csv": "shop\na\n",
    "snapshots/shops.yml": yaml.safe_dump({"snapshots": [{"name": "old_shops", "relation": "ref('shops')", "config": {
        "unique_key": "shop", "strategy": "check", "check_cols": "all"}}]}),
    "macros/names.sql": "{% macro generate_schema_name(name, node) %}{{ 'company_' ~ (name or 'models') }}{% endmacro %}",
}


class Company:
    """Another project, on a DuckDB file, with this one as a package."""

    def __init__(self, folder):
        self.folder, self.file = folder / "company", folder / "company.duckdb"
        for name, text in COMPANY.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def dbt(self, *arguments, project=None) -> str:
        """Run a dbt command on this project or on the one in another folder; what went wrong."""
        place = str(project or self.folder)
        profiles = [] if arguments == ("deps",) else ["--profiles-dir", place]
        outcome = run_dbt([*arguments, "--project-dir", place, *profiles, "--log-path", str(self.folder), "--quiet", "--log-level", "none"])
        nodes = getattr(outcome.result, "results", None) or []
        failed = [str(node.message) for node in nodes if str(node.status) in ("error", "fail")]
        return "\n".join([str(outcome.exception or ""), *failed]).strip() or ("" if outcome.success else "it failed")

    def rows(self, query) -> list[tuple]:
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(query).fetchall()

    def schemas(self) -> set[str]:
        return {name for (name,) in self.rows("select schema_name from duckdb_schemas() where database_name = 'company'")}


def test_as_a_package_of_another_project(tmp_path, monkeypatch):
    company = Company(tmp_path)
    monkeypatch.setenv("COMPANY_FILE", str(company.file))
    company.rows("""
        create schema segment;
        create table segment.pages as select 'a-0' as id, timestamp '2026-03-10 12:00' as received_at, 'a' as anonymous_id,
            'https://shop.example.com/?gclid=1' as url;
        create table segment.tracks as select 'a-s' as id, timestamp '2026-03-10 12:10' as received_at, 'a' as anonymous_id,
            'u_a' as user_id, 'signed_up' as event""")
    build = ("build", "--exclude", "signup_attribution.reporting", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    assert company.dbt("deps") == company.dbt(*build) == ""
    assert company.rows("select alias_id, last_touch_channel from company_models.signups") == [("u_a", "Paid Search")]
    assert company.schemas() == {
        "main", "segment", "company_models", "company_lists", "seeds", "refresh", "partitioning",
        "this_batch", "aliasing", "sessions_stages", "sessions"}

    # its own models, seeds and snapshots are dbt's; to run only them is not a refresh
    company.write("seeds/shops.csv", "shop\nb\n")
    company.write("models/signups.sql", "select 1 as edited from {{ ref('signup_attribution', 'attribution') }}")
    assert company.dbt("build", "--select", "my_company") == ""
    assert company.rows("select edited from company_models.signups") == [(1,)]
    assert company.rows("select shop from company_lists.shops") == [("b",)]
    assert company.rows("select shop from company_models.old_shops order by 1") == [("a",), ("b",)]
    assert company.rows("select is_later from company_models.runs order by 1") == [(False,), (True,)]
    assert company.rows("select status from refresh.refresh_runs") == [("success",)]
    assert company.dbt("build", "--select", "my_company", "--full-refresh") == ""
    assert company.rows("select is_later from company_models.runs") == [(False,)]

    company.rows("""
        insert into segment.tracks select 'late ' || n, timestamp '2026-03-11 12:10', 'device ' || n, 'user ' || n, 'signed_up' from range(50) as numbers (n);
        alter table segment.tracks rename to loaded;
        create view segment.tracks as select * replace (cast(error('not loaded yet') as text) as event) from segment.loaded""")
    assert "not loaded yet" in company.dbt(*build)
    company.rows("drop view segment.tracks; alter table segment.loaded rename to tracks")
    selected_resources.set_selected_resources([])  # as in a process of its own
    assert company.dbt("retry") == "" and company.rows("select distinct batch_id from refresh.models") == [(2,)]
    assert company.rows("select count(*), count(distinct alias_id) from sessions.attribution") == [(51, 51)]
    before = company.rows("select * from sessions.attribution order by 1")

    # what dbt could do with other projects, for a developer whose schemas are empty
    state = ["--state", str(shutil.copytree(company.folder / "target", tmp_path / "production"))]
    for words, *command in (
        ("dbt clone cannot copy", "clone", "--select", "attribution"),
        ("attribution continues from tables of its own schemas", "run", "--select", "signup_attribution.sessions.attribution", "--defer"),
        ("--empty would mark unread messages as read", "run", "--select", "signup_attribution.sessions", "--empty"),
    ):
        assert words in company.dbt(*command, *state, "--target", "dev"), command
    assert not company.rows("select 1 from information_schema.tables where table_schema like 'ann%'")
    company.write("models/runs.sql", "{{ config(materialized='incremental', schema=target.name) }} select 1 as run")
    assert company.dbt("clone", "--select", "runs", *state, "--target", "dev") == ""
    assert company.rows("select is_later from company_dev.runs order by 1") == [(False,), (True,)]
    view = ("run", "--select", "signup_attribution.reporting.time_to_signup", "--defer", *state, "--target", "dev")
    assert company.dbt(*view) == "" and company.rows("select 1 from ann_reporting.time_to_signup limit 1") == [(1,)]
    company.write("models/all_sessions.sql", "select 1 as one")
    refused = company.dbt("run", "--select", "signup_attribution.sessions", "--target", "dev", "--no-partial-parse")
    assert "all_sessions has the name of a model" in refused
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(tmp_path / "alone.duckdb"))
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_SCHEMA", "ann")
    assert "dbt clone cannot copy" in company.dbt("clone", *state, "--target-path", str(tmp_path / "alone"), project=ROOT)
    with duckdb.connect(str(tmp_path / "alone.duckdb")) as alone:
        assert not alone.execute("select 1 from duckdb_schemas() where schema_name like 'ann%'").fetchall()
    assert company.rows("select * from sessions.attribution order by 1") == before
    assert company.rows("select count(*) from refresh.batches") == [(2,)]
