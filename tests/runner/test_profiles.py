"""The runner and its tools on a target of any name, in any profile and folder, whose schema is the prefix of ours."""

import os

import duckdb
import pytest
import yaml

import compact
import explain
import health
import report
from common.errors import BAD_INPUT, RefreshError
from common.project import Profile
from conftest import NO_SERVER
from database.profiles import read_profile
from database.published import publish, published_file
from database.stored_tables import stored_tables
from database.target import find_target, prefix_of
from engines import Postgres, held_by_another
from installed import Installed, assert_succeeded, visits
from project import ROOT, environment

SCHEMA = "Analytics-1"  # a name that has to be quoted
OWN = {"COMPANY_TARGET": "prod"}  # another environment: a process that has parsed the project with this profile
FOLDERS = ("aliasing", "partitioning", "refresh", "seeds", "sessions", "sessions_stages", "this_batch")


def company(folder, kind, **settings):
    """Options for the runner, with the project's own connection of that kind in a profile of another project."""
    outputs = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))["signup_attribution"]["outputs"]
    prod = {**outputs[kind], "schema": SCHEMA, "threads": 4, **settings}
    folder.mkdir()
    (folder / "profiles.yml").write_text(yaml.safe_dump({
        "config": {}, "my_company": {"target": "{{ env_var('COMPANY_TARGET', 'prod') }}", "outputs": {"prod": prod}}}))
    return ["--profiles-dir", str(folder), "--profile", "my_company"]


@pytest.mark.skipif(not os.environ.get("PGHOST"), reason=NO_SERVER)
def test_everything_works_with_any_profile_and_schema(tmp_path, capsys):
    database = Postgres()
    site, options = Installed(database, tmp_path), company(tmp_path / "company", "postgres")
    try:
        site.receive(visits(4))
        assert_succeeded(site.refresh("--target", "prod", *options, environment=OWN))
        schemas = {name for name in database.schemas() if name != "segment"}
        assert schemas == {f"{SCHEMA}_{folder}" for folder in FOLDERS}
        assert database.fetch(f'"{SCHEMA}_refresh".refresh_runs', "status") == [{"status": "success"}]
        with environment(database.environment):
            assert health.main(options) == 0 and "succeeded" in capsys.readouterr().out
            assert explain.main(["user 1", *options]) == 0 and "device 1" in capsys.readouterr().out
            assert report.main([*options, "--output", str(tmp_path / "report.html")]) == 0
    finally:
        database.close()


def test_each_prefix_has_a_file_for_readers(tmp_path, monkeypatch):
    work, prefix = tmp_path / "a.duckdb", f"{SCHEMA}_"
    company(tmp_path / "company", "duckdb")
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(work))
    with duckdb.connect(str(work)) as connection:
        for schema, who in (("sessions", "everybody"), (f"{SCHEMA}_sessions", "ann")):
            connection.execute(f'create schema "{schema}"; create table "{schema}".attribution as select {who!r} as alias_id')
    publish(work, published_file(work))
    before = published_file(work).read_bytes()
    publish(work, published_file(work, prefix), prefix.__add__)
    assert published_file(work, prefix) == tmp_path / f"a.{SCHEMA}.published.duckdb" and published_file(work).read_bytes() == before
    with held_by_another(work):
        for profile, who in ((Profile(), "everybody"), (Profile("my_company", str(tmp_path / "company")), "ann")):
            with stored_tables(None, "test", published=True, profile=profile) as tables:
                assert tables.rows("select alias_id from {sessions}.attribution") == [{"alias_id": who}]


def test_settings_are_read_as_dbt_reads_them(tmp_path, monkeypatch):
    company(tmp_path / "company", "postgres", host="{{ env_var('COMPANY_HOST') }}", port="{{ env_var('PGPORT', '6') | as_number }}")
    profile = Profile("my_company", str(tmp_path / "company"))
    monkeypatch.setenv("COMPANY_HOST", "db.example.com")
    monkeypatch.delenv("PGPORT", raising=False)
    target = find_target(None, profile)
    assert (target.name, target.engine, target.settings["host"], target.settings["port"]) == ("prod", "postgres", "db.example.com", "6")
    assert target.prefix == prefix_of(None, profile) == f"{SCHEMA}_"
    assert find_target("postgres").prefix == find_target("duckdb").prefix == ""
    for name, value, words in (
        ("COMPANY_HOST", None, "needs the variable COMPANY_HOST: set it"), ("COMPANY_TARGET", "dev", "no target dev: choose prod"),
    ):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
        with pytest.raises(RefreshError, match=words):
            find_target(None, profile)
    for wrong, words in (
        (Profile("other", profile.folder), "no profile other with outputs: choose --profile my_company"),
        (Profile("other", str(tmp_path)), "cannot be read .*: correct --profiles-dir"),
    ):
        with pytest.raises(RefreshError, match=words):
            read_profile(wrong)


def test_variables_that_are_empty_are_not_set(monkeypatch):
    """As with `SIGNUP_ATTRIBUTION_DUCKDB=` in a compose file."""
    for name in ("DUCKDB", "MEMORY", "SCHEMA"):
        monkeypatch.delenv(f"SIGNUP_ATTRIBUTION_{name}", raising=False)
    before = [find_target(name).settings for name in ("duckdb", "postgres")]
    for name in ("DUCKDB", "MEMORY", "SCHEMA"):
        monkeypatch.setenv(f"SIGNUP_ATTRIBUTION_{name}", "")
    assert [find_target(name).settings for name in ("duckdb", "postgres")] == before


@pytest.mark.parametrize("name", ['db "x".duckdb', "db x's.duckdb"])
def test_a_file_with_quotes_in_its_name(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNUP_ATTRIBUTION_DUCKDB", str(tmp_path / name))
    with pytest.raises(RefreshError, match="must have no quotes: correct SIGNUP_ATTRIBUTION_DUCKDB"):
        find_target("duckdb")


@pytest.mark.parametrize("kind, schema, prefix", [
    ("duckdb", "main", ""), ("postgres", "public", ""), ("postgres", "main", "main_"), ("duckdb", "public", "public_"),
    ("duckdb", "", ""), ("postgres", "sessions", "sessions_")])
def test_prefixes(kind, schema, prefix, tmp_path):
    company(tmp_path / "company", kind, schema=schema)
    assert find_target("prod", Profile("my_company", str(tmp_path / "company"))).prefix == prefix


def test_only_tables_of_spark_are_compacted(capsys):
    assert compact.main(["--target", "duckdb"]) == BAD_INPUT
    assert capsys.readouterr().err == "The target duckdb is of type duckdb: choose one of type spark.\n"
