"""Processes of the tests put ephemeral models into the SQL of others as dbt does."""

import pytest
from dbt.compilation import inject_ctes_into_sql
from dbt.contracts.graph.nodes import InjectedCTE

from forks import with_ctes

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
