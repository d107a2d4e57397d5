{#-
    Between `as` and the parenthesis of a CTE whose columns are used several times later: PostgreSQL would inline its
    expressions at each use and compute them every time.
-#}
{% macro hint_computed_once() -%}
    {{ adapter.dispatch('hint_computed_once', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__hint_computed_once() -%}
{%- endmacro %}

{% macro postgres__hint_computed_once() -%}
    materialized
{%- endmacro %}

{#-
    For `materialized` in the config of a part of a query that is used several times: Spark would plan and compute it anew at each use,
    so there it is a table.
-#}
{% macro hint_part() -%}
    {{ return(adapter.dispatch('hint_part', 'signup_attribution')()) }}
{%- endmacro %}

{% macro default__hint_part() -%}
    {{ return('ephemeral') }}
{%- endmacro %}

{% macro spark__hint_part() -%}
    {{ return('view') }}
{%- endmacro %}
