{#- The schemas of this project: dbt calls this for each model and seed, even when it is a package of another project. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- do check_schema() -%}
    {{ target.schema if custom_schema_name is none else project_schema(custom_schema_name) }}
{%- endmacro %}

{#- Name of the schema of a folder of models, or of the bookkeeping (refresh). In Python: scripts/database/target.py. -#}
{% macro project_schema(folder) -%}
    {{ schema_prefix() }}{{ folder }}
{%- endmacro %}

{#- The target's schema and _, such as dev_ann_; empty if that is the engine's default. -#}
{% macro schema_prefix() -%}
    {%- if target.schema and target.schema != engine_schema() -%}
        {{ target.schema }}_
    {%- endif -%}
{%- endmacro %}

{#- Refuses a schema that cannot be a prefix: quotes would end the name, and PostgreSQL cuts names longer than 63 bytes. -#}
{% macro check_schema() %}
    {%- set longest = 63 - '_sessions_stages' | length -%}
    {%- if modules.re.search('["\'\\\\]', target.schema) or target.schema.encode('utf-8') | length > longest -%}
        {%- do stop('The schema ' ~ tojson(target.schema) ~ ' cannot be a prefix of schema names: use one without quotes, of at most ' ~ longest ~ ' bytes.') -%}
    {%- endif -%}
{% endmacro %}
