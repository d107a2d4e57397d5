"""Processes of the tests put ephemeral models into the SQL of others, and find macros, as dbt does."""

import pytest
from dbt.compilation import inject_ctes_into_sql
from dbt.context.macros import MacroNamespace
from dbt.contracts.graph.nodes import InjectedCTE

from forks import by_name, with_ctes

CTES = [InjectedCTE(id=name, sql=f" __dbt__cte__{name} as (\n-- with\nselect 1\n)") for name in ("a", "b")]


@pytest.mark.parametrize("count", range(len(CTES) + 1))
@pytest.mark.parametrize("sql", [
    "with a as (select 1), b as (select 2)\nselect * from a", "\n\nWITH\n  recursive a as (select 1) select * from a",
    "-- with what\n\n/* or\nwithout */\nwith a as (\n    select 'with ' as text -- with\n)\n\nselect * from a",
    "select with_timezone from a", "\n  select * from a union all select * from (with b as (select 1) select * from b) as c",
    "-- with a as (select 1)\nselect 1", "with /* a */ a as not materialized (select 1) select * from a\n",
])
def test_ephemeral_models(sql, count):
    assert with_ctes(sql, CTES[:count]) == inject_ctes_into_sql(sql, CTES[:count])


@pytest.mark.skipif(not hasattr(MacroNamespace, "_search_order"), reason="dbt-core looks macros up when they are called")
def test_macros_of_one_name():
    names = ("everywhere", "not in local", "only in dbt")
    found = MacroNamespace(
        global_namespace={names[0]: "root", names[1]: "root"}, local_namespace={names[0]: "local"},
        global_project_namespace=dict.fromkeys((*names, "package"), "dbt"), packages={"package": {names[0]: "its own"}})
    assert by_name(found) == {name: found[name] for name in found} and len(by_name(found)) == 5
