{#-
    Between `as` and the parenthesis of a CTE whose columns are used several times later: PostgreSQL would inline its
    expressions at each use and compute them every time.
-#}
{% macro computed_once() -%}
    {{ adapter.dispatch('computed_once', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__computed_once() -%}
{%- endmacro %}

{% macro postgres__computed_once() -%}
    materialized
{%- endmacro %}
