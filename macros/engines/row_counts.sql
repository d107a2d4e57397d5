{#-
    How many rows a model's transaction deleted. PostgreSQL counts as it goes, for its statistics; DuckDB knows the
    number of rows of a table without reading it, so it is asked before and after.
    https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-FUNCTIONS
-#}

{#- SQL before the first change of a stored table. -#}
{% macro count_before(target_relation) -%}
    {{ adapter.dispatch('count_before', 'signup_attribution')(target_relation) }}
{%- endmacro %}

{% macro default__count_before(target_relation) -%}
{%- endmacro %}

{% macro duckdb__count_before(target_relation) -%}
    set variable rows_before = (select count(*) from {{ target_relation }});
{%- endmacro %}

{#- Number of stored rows that made way for those inserted, of which there were rows_written. -#}
{% macro rows_deleted(target_relation, rows_written) -%}
    {{ adapter.dispatch('rows_deleted', 'signup_attribution')(target_relation, rows_written) }}
{%- endmacro %}

{% macro default__rows_deleted(target_relation, rows_written) -%}
    pg_stat_get_xact_tuples_deleted(cast('{{ target_relation.include(database=false) }}' as regclass))
{%- endmacro %}

{% macro duckdb__rows_deleted(target_relation, rows_written) -%}
    getvariable('rows_before') + {{ rows_written }} - (select count(*) from {{ target_relation }})
{%- endmacro %}
