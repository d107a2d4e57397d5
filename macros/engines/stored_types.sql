{#- Type in the contracts -> the engine's name for it. -#}
{% macro stored_types() %}
    {{ return(adapter.dispatch('stored_types', 'signup_attribution')()) }}
{% endmacro %}

{% macro default__stored_types() %}
    {{ return({
        'text': 'text', 'text[]': 'ARRAY', 'bigint': 'bigint', 'integer': 'integer', 'double precision': 'double precision',
        'boolean': 'boolean', 'date': 'date', 'timestamp': 'timestamp without time zone'
    }) }}
{% endmacro %}

{% macro duckdb__stored_types() %}
    {{ return({
        'text': 'VARCHAR', 'text[]': 'VARCHAR[]', 'bigint': 'BIGINT', 'integer': 'INTEGER', 'double precision': 'DOUBLE',
        'boolean': 'BOOLEAN', 'date': 'DATE', 'timestamp': 'TIMESTAMP'
    }) }}
{% endmacro %}
