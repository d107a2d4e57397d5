{#- dbt's macro of that name, which runs a session's first query, whatever profile opened it. -#}
{% macro run_query(sql) %}
    {{ return(dbt.run_query(only_own_functions() ~ ' ' ~ sql)) }}
{% endmacro %}
