{#- Index configs for look-ups by key, one list of columns each: B-trees on PostgreSQL; DuckDB reads single columns fast. -#}
{% macro lookup_indexes(column_lists) -%}
    {{ return(adapter.dispatch('lookup_indexes', 'signup_attribution')(column_lists)) }}
{%- endmacro %}

{% macro default__lookup_indexes(column_lists) -%}
    {%- set indexes = [] -%}
    {%- for columns in column_lists -%}
        {%- do indexes.append({'columns': columns}) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}

{% macro duckdb__lookup_indexes(column_lists) -%}
    {{ return([]) }}
{%- endmacro %}
