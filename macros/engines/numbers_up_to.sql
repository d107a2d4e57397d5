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

{#- In a select list: one row for each day from the day of a time to that of a later one. -#}
{% macro each_day(first, last) -%}
    {{ adapter.dispatch('each_day', 'signup_attribution')(first, last) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
    cast({{ first }} as date)
        + cast({{ numbers_up_to('cast(' ~ last ~ ' as date) - cast(' ~ first ~ ' as date)') }} as integer)
{%- endmacro %}
