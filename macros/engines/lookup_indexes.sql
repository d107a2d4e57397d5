{#-
    Index configs for look-ups by key, one list of columns each: B-trees on PostgreSQL; DuckDB reads single columns fast. Ids have at
    most 255 characters. Columns with other visitor-supplied text, such as a source, are never indexed, because an index row is
    limited to 2,704 bytes. ascending: columns whose values arrive in order, for which BRIN is enough.
-#}
{% macro lookup_indexes(column_lists, ascending=[]) -%}
    {{ return(adapter.dispatch('lookup_indexes', 'signup_attribution')(column_lists, ascending)) }}
{%- endmacro %}

{% macro default__lookup_indexes(column_lists, ascending) -%}
    {%- set indexes = [] -%}
    {%- for columns in column_lists -%}
        {%- do indexes.append({'columns': columns}) -%}
    {%- endfor -%}
    {%- for column in ascending -%}
        {%- do indexes.append({'columns': [column], 'type': 'brin'}) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}

{% macro duckdb__lookup_indexes(column_lists, ascending) -%}
    {{ return([]) }}
{%- endmacro %}

{#- SQL that indexes an id of a bookkeeping table, in the order in which ids are compared. -#}
{% macro index_ids(table, column) -%}
    {{ adapter.dispatch('index_ids', 'signup_attribution')(table, column) }}
{%- endmacro %}

{% macro default__index_ids(table, column) -%}
{%- endmacro %}

{% macro postgres__index_ids(table, column) -%}
    create index on {{ table }} ({{ column }} collate "C");
{%- endmacro %}

{#-
    SQL that replaces indexes on channel and source, which the project's first version gave to the published tables, with indexes on
    the channel. A full refresh does not replace these tables, so their indexes stay.
-#}
{% macro take_sources_out_of_indexes() -%}
    {{ adapter.dispatch('take_sources_out_of_indexes', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__take_sources_out_of_indexes() -%}
{%- endmacro %}

{% macro postgres__take_sources_out_of_indexes() -%}
    do $do$
    declare
        former record;
    begin
        for former in
            select cast(indexrelid as regclass) as name, cast(indrelid as regclass) as relation, pg_get_indexdef(indexrelid, 1, true) as channel
            from pg_index inner join pg_class on indrelid = pg_class.oid
            where relnamespace = (select oid from pg_namespace where nspname = '{{ project_schema('sessions') }}')
                and pg_get_indexdef(indexrelid, 2, true) in ('source', 'first_touch_source', 'last_touch_source')
        loop
            execute format('drop index %s', former.name);
            execute format('create index on %s (%s)', former.relation, former.channel);
        end loop;
    end
    $do$;
{%- endmacro %}
