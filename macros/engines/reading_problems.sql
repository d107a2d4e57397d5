{#-
    A sentence for each reason why a table that exists cannot be read; none on DuckDB, which has no rights. columns: those that are
    read, ignoring case; all of them if none is named.
-#}
{% macro reading_problems(schema, table, columns=[]) -%}
    {{ return(adapter.dispatch('reading_problems', 'signup_attribution')(schema, table, columns)) }}
{%- endmacro %}

{% macro default__reading_problems(schema, table, columns) -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__reading_problems(schema, table, columns) -%}
    {%- set problems, name = [], schema ~ '.' ~ table -%}
    {%- set rights -%}
        select
            current_user, has_schema_privilege(pg_namespace.oid, 'usage'),
            has_table_privilege(pg_class.oid, 'select') or (
                has_any_column_privilege(pg_class.oid, 'select') and not exists (
                    select 1 from pg_attribute
                    where
                        attrelid = pg_class.oid and attnum > 0 and not attisdropped
                        and not has_column_privilege(pg_class.oid, attnum, 'select')
                        {{ 'and ' ~ is_one_of('lower(attname)', columns | map('lower')) if columns }}
                )
            ),
            relkind in ('v', 'm', 'f')
        from pg_class inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where nspname = {{ quoted(schema) }} and relname = {{ quoted(table) }}
    {%- endset -%}
    {%- for user, may_use, may_select, depends_on_others in run_query(rights).rows -%}
        {%- if not may_use -%}
            {%- do problems.append(user ~ ' may not use the schema ' ~ schema ~ ': grant usage on schema ' ~ schema ~ ' to ' ~ user ~ '.') -%}
        {%- endif -%}
        {%- if not may_select -%}
            {%- do problems.append(user ~ ' may not read ' ~ name ~ ': grant select on ' ~ name ~ ' to ' ~ user ~ '.') -%}
        {%- endif -%}
        {%- if depends_on_others and not problems -%}
            {%- set failure = reading_failure(quoted_name(schema) ~ '.' ~ quoted_name(table)) -%}
            {%- if failure -%}
                {%- do problems.append(name ~ ' cannot be read (' ~ failure ~ '): fix it, or remove it from sources under vars.') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{#-
    PostgreSQL's error when a view, materialized view or foreign table is opened; '' if that works. No row is read: a missing
    privilege of its owner, an unreachable server, or a view without data shows before the first row.
-#}
{% macro reading_failure(relation) -%}
    {%- set attempt -%}
        begin
            perform set_config('signup_attribution.failure', '', false);
            execute {{ quoted('select 1 from ' ~ relation ~ ' limit 0') }};
        exception when others then
            perform set_config('signup_attribution.failure', sqlerrm, false);
        end
    {%- endset -%}
    {%- do run_query('do ' ~ quoted(attempt)) -%}
    {{ return(run_query("select current_setting('signup_attribution.failure')").rows[0][0]) }}
{%- endmacro %}
