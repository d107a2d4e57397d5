{#- dbt's macro of that name, by which a session asks its first question, whatever profile it was opened by. -#}
{% macro run_query(sql) %}
    {{ return(dbt.run_query(only_own_functions() ~ ' ' ~ sql)) }}
{% endmacro %}
