{#- In a select list: one row for each whole number from 0 up to an expression. -#}
{% macro numbers_up_to(last) -%}
    {{ adapter.dispatch('numbers_up_to', 'signup_attribution')(last) }}
{%- endmacro %}

{% macro default__numbers_up_to(last) -%}
    generate_series(0, cast({{ last }} as integer))
{%- endmacro %}

{% macro duckdb__numbers_up_to(last) -%}
    unnest(generate_series(0, cast({{ last }} as integer)))
{%- endmacro %}
