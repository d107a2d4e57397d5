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
