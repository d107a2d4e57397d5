{#-
    Between `as` and the parenthesis of a CTE whose columns are used several times further on: PostgreSQL would put the
    expressions in place of each use and compute them again and again.
-#}
{% macro computed_once() -%}
    {{ adapter.dispatch('computed_once', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__computed_once() -%}
{%- endmacro %}

{% macro postgres__computed_once() -%}
    materialized
{%- endmacro %}
