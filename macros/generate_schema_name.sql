{#- The schema is the folder's name; a developer's target (schema dev_<name>) prefixes it: dev_<name>_sessions. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ project_schema(custom_schema_name or target.schema) }}
{%- endmacro %}

{% macro project_schema(folder) -%}
    {%- if target.schema.startswith('dev_') and folder != target.schema -%}
        {{ target.schema }}_{{ folder }}
    {%- else -%}
        {{ folder }}
    {%- endif -%}
{%- endmacro %}
