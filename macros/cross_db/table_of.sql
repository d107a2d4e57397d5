{#-
    SQL that makes a table of a query's rows. DuckDB keeps the ids by which persons and devices are looked up as they are: texts
    that it compresses, as it would, have to be unpacked for each look-up, which then takes two to five times as long.
-#}
{% macro table_of(relation, query) -%}
    {{ adapter.dispatch('table_of', 'signup_attribution')(relation, query) }}
{%- endmacro %}

{% macro default__table_of(relation, query) -%}
    create table {{ relation }} as {{ query }};
{%- endmacro %}

{% macro duckdb__table_of(relation, query) -%}
    {%- set columns = [] -%}
    {%- for name, type in run_query('select column_name, column_type from (describe ' ~ query ~ ')').rows -%}
        {%- set is_kept_as_it_is = type == 'VARCHAR' and name in ['id', 'alias_id', 'anonymous_id', 'user_id'] -%}
        {%- do columns.append(adapter.quote(name) ~ ' ' ~ type ~ (' using compression uncompressed' if is_kept_as_it_is else '')) -%}
    {%- endfor -%}
    create table {{ relation }} ({{ columns | join(', ') }});
    insert into {{ relation }} {{ query }};
{%- endmacro %}
