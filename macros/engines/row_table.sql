{#- Name of the table that holds a row: its partition, where the engine has them. Only in a select from the table itself. -#}
{% macro row_table(name) -%}
    {{ adapter.dispatch('row_table', 'signup_attribution')(name) }}
{%- endmacro %}

{% macro default__row_table(name) -%}
    '{{ name }}'
{%- endmacro %}

{% macro postgres__row_table(name) -%}
    substring(cast(cast(tableoid as regclass) as text) from '[^.]*$')
{%- endmacro %}
