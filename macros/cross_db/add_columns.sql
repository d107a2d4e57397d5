{#- dbt adds columns by this macro (on_schema_change). Its own does not double the quotes in their names. -#}
{% macro default__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
    {%- for column in add_columns or [] -%}
        {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ quoted_name(column.name) ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- for column in remove_columns or [] -%}
        {%- do run_query('alter table ' ~ relation ~ ' drop column ' ~ quoted_name(column.name)) -%}
    {%- endfor -%}
{% endmacro %}
