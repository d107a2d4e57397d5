{#- A sentence for each right that is missing to read a table that exists; none on DuckDB, which has no rights. -#}
{% macro reading_problems(relation) -%}
    {{ return(adapter.dispatch('reading_problems', 'signup_attribution')(relation)) }}
{%- endmacro %}

{% macro default__reading_problems(relation) -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__reading_problems(relation) -%}
    {%- set problems = [] -%}
    {%- set rights -%}
        select current_user, has_schema_privilege(pg_namespace.oid, 'usage'), has_table_privilege(pg_class.oid, 'select')
        from pg_class inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where nspname = {{ quoted(relation.schema) }} and relname = {{ quoted(relation.identifier) }}
    {%- endset -%}
    {%- set name = relation.schema ~ '.' ~ relation.identifier -%}
    {%- for user, may_use, may_select in run_query(rights).rows -%}
        {%- if not may_use -%}
            {%- do problems.append(user ~ ' may not use the schema ' ~ relation.schema ~ ': grant usage on schema ' ~ relation.schema ~ ' to ' ~ user ~ '.') -%}
        {%- endif -%}
        {%- if not may_select -%}
            {%- do problems.append(user ~ ' may not read ' ~ name ~ ': grant select on ' ~ name ~ ' to ' ~ user ~ '.') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
