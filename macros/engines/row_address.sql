{#- Column by which a statement finds again the rows of a table that an earlier one of its transaction has read. -#}
{% macro row_address() -%}
    {{ adapter.dispatch('row_address', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__row_address() -%}
    ctid
{%- endmacro %}

{% macro duckdb__row_address() -%}
    rowid
{%- endmacro %}
