{#-
    Whatever has one of these names, or that of a month's messages, in these schemas: schema, name, kind, comment, the table it is
    a partition of, and its columns, one per line. Names are as the engine compares them.
-#}
{% macro relations_named(schemas, names) %}
    {{ return(adapter.dispatch('relations_named', 'signup_attribution')(schemas, names)) }}
{% endmacro %}

{% macro default__relations_named(schemas, names) %}
    {{ return(run_query(adapter.dispatch('relations_named_query', 'signup_attribution')(schemas, names)).rows) }}
{% endmacro %}

{% macro default__relations_named_query(schemas, names) -%}
    select
        nspname, pg_class.relname,
        case pg_class.relkind
            when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence'
            when 'i' then 'index' when 'I' then 'index' when 'c' then 'type' else 'table'
        end,
        obj_description(pg_class.oid, 'pg_class'),
        parents.relname,
        (
            select string_agg(attname, chr(10)) from pg_attribute
            where attrelid = pg_class.oid and attnum > 0 and not attisdropped and parents.oid is null
        )
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    left join pg_inherits on pg_class.oid = inhrelid
    left join pg_class as parents on inhparent = parents.oid
    where
        {{ is_one_of('nspname', schemas) }}
        and (
            {{ is_one_of('pg_class.relname', names) }}
            or pg_class.relname ~ '{{ month_name_pattern() }}' and pg_class.relkind not in ('i', 'I')
        )
    union all
    -- each table also has a type of its name
    select nspname, typname, 'type', null, null, null
    from pg_type inner join pg_namespace on typnamespace = pg_namespace.oid
    where typrelid = 0 and typcategory != 'A' and {{ is_one_of('nspname', schemas) }} and {{ is_one_of('typname', names) }}
{%- endmacro %}

{% macro duckdb__relations_named_query(schemas, names) -%}
    select
        lower(found.schema_name) as schema_name, lower(found.table_name) as table_name, found.kind, found.comment, null,
        string_agg(columns.column_name, chr(10))
    from (
        select schema_name, table_name, 'table' as kind, comment from duckdb_tables() where database_name = current_database()
        union all
        select schema_name, view_name, 'view', comment from duckdb_views() where database_name = current_database()
    ) as found
    left join duckdb_columns() as columns
        on columns.database_name = current_database()
        and found.schema_name = columns.schema_name
        and found.table_name = columns.table_name
    where
        {{ is_one_of('lower(found.schema_name)', schemas | map('lower') | list) }}
        and (
            {{ is_one_of('lower(found.table_name)', names | map('lower') | list) }}
            or regexp_matches(lower(found.table_name), '{{ month_name_pattern() }}')
        )
    group by all
{%- endmacro %}

{#- Pattern of the names of tables with a month's messages: a partition, or the table that detach_month leaves. -#}
{% macro month_name_pattern() -%}
    ^app_tracks_((before|from)_)?[0-9]{4}_[0-9]{2}(_detached)?$
{%- endmacro %}
