{#- Column by which a statement finds the rows of a table that an earlier statement of its transaction read. -#}
{% macro row_address() -%}
    {{ adapter.dispatch('row_address', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__row_address() -%}
    ctid
{%- endmacro %}

{% macro duckdb__row_address() -%}
    rowid
{%- endmacro %}
