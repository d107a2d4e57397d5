{#- The schema that an engine gives to a target which names none. -#}
{% macro engine_schema() %}
    {{ return(adapter.dispatch('engine_schema', 'signup_attribution')()) }}
{% endmacro %}

{% macro default__engine_schema() %}
    {{ return('public') }}
{% endmacro %}

{% macro duckdb__engine_schema() %}
    {{ return('main') }}
{% endmacro %}
