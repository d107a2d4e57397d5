{#-
    Rows of (column name, type) of a table, or anything else that SELECT can read by that name: a view, a materialized view, a
    foreign table. dbt's own list of relations lacks the last two.
-#}
{% macro table_columns(place) %}
    {{ return(adapter.dispatch('table_columns', 'signup_attribution')(place)) }}
{% endmacro %}

{% macro default__table_columns(place) %}
    {{ return(run_query(adapter.dispatch('table_columns_query', 'signup_attribution')(place)).rows) }}
{% endmacro %}

{% macro default__table_columns_query(place) -%}
    select column_name, data_type from duckdb_columns()
    where
        lower(database_name) = lower({{ quoted(place.database) }})
        and lower(schema_name) = lower({{ quoted(place.schema) }})
        and lower(table_name) = lower({{ quoted(place.table) }})
    order by column_index
{%- endmacro %}

{#- A domain counts as its base type; the precision of a time is ignored. -#}
{% macro postgres__table_columns_query(place) -%}
    select
        attname,
        format_type(
            case when typtype = 'd' then typbasetype else atttypid end,
            case when typcategory != 'D' then case when typtype = 'd' then typtypmod else atttypmod end end
        )
    from pg_attribute
    inner join pg_class on pg_attribute.attrelid = pg_class.oid
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    inner join pg_type on pg_attribute.atttypid = pg_type.oid
    where
        nspname = {{ quoted(place.schema) }} and relname = {{ quoted(place.table) }}
        and relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped
    order by attnum
{%- endmacro %}

{#- Its columns, as adapter.get_columns_in_relation has them: that makes dbt gather all macros of the project anew, for each call. -#}
{% macro columns_of(relation) %}
    {{ return(adapter.dispatch('columns_of', 'signup_attribution')(relation)) }}
{% endmacro %}

{% macro default__columns_of(relation) %}
    {{ return(dbt.get_columns_in_relation(relation)) }}
{% endmacro %}

{#- Whether a table or view exists now, even one that dbt does not know of. -#}
{% macro is_table(schema, name) %}
    {{ return(adapter.dispatch('is_table', 'signup_attribution')(schema, name)) }}
{% endmacro %}

{% macro default__is_table(schema, name) %}
    {%- set query -%}
        select 1 from information_schema.tables where table_schema = {{ quoted(schema) }} and table_name = '{{ name }}'
    {%- endset -%}
    {{ return(run_query(query).rows | length > 0) }}
{% endmacro %}

{#- SQL that creates a table without rows. replaced: what is in its place, if anything. -#}
{% macro empty_table(name, columns, replaced) -%}
    {{ adapter.dispatch('empty_table', 'signup_attribution')(name, columns, replaced) }}
{%- endmacro %}

{% macro default__empty_table(name, columns, replaced) -%}
    {{ 'drop table ' ~ name ~ ' cascade;' if replaced }}
    create table {{ name }} (
            {%- for column, type in columns.items() %}{{ column }} {{ type }}{{ ', ' if not loop.last }}{% endfor -%}
    );
{%- endmacro %}

{#- Whether the database keeps views. -#}
{% macro has_views() %}
    {{ return(adapter.dispatch('has_views', 'signup_attribution')()) }}
{% endmacro %}

{% macro default__has_views() %}
    {{ return(true) }}
{% endmacro %}

{#- SQL that creates a table from a query. -#}
{% macro table_of(relation, query) -%}
    {{ adapter.dispatch('table_of', 'signup_attribution')(relation, query) }}
{%- endmacro %}

{% macro default__table_of(relation, query) -%}
    create table {{ relation }} as {{ query }};
{%- endmacro %}

{#-
    DuckDB would look for what repeats within ids and stamps, of which hardly any two are the same: that takes five times as long as
    storing them as they are and saves half of their space, and each look-up of a few persons or devices then unpacks all of them.
    Only tables built from scratch are large enough for that to cost more than asking for the columns of the query first.
-#}
{% macro duckdb__table_of(relation, query) -%}
    {%- set columns, uncompressed = [], ' using compression uncompressed' -%}
    {%- for name, type in (run_query('select column_name, column_type from (describe ' ~ query ~ ')').rows if is_rebuilt(model.name) else []) -%}
        {%- do columns.append(quoted_name(name) ~ ' ' ~ type ~ (uncompressed if type == 'VARCHAR' and name in ids_and_stamps())) -%}
    {%- endfor -%}
    {%- if uncompressed in columns | join %}
    create table {{ relation }} ({{ columns | join(', ') }});
    insert into {{ relation }} {{ query }};
    {%- else -%}
        {{ default__table_of(relation, query) }}
    {%- endif -%}
{%- endmacro %}

{#- Names of the columns with ids and stamps (event_stamp). -#}
{% macro ids_and_stamps() %}
    {{ return([
        'event_id', 'anonymous_id', 'user_id', 'id', 'alias_id', 'session_id', 'signup_session_id', 'touch_id',
        'first_event', 'landing_page', 'exit_page', 'blog_page', 'signup_event'
    ]) }}
{% endmacro %}

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

{#- Column by which a statement finds the rows of a table that an earlier statement of its transaction read. -#}
{% macro row_address() -%}
    {{ adapter.dispatch('row_address', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__row_address() -%}
    ctid
{%- endmacro %}

{% macro duckdb__row_address() -%}
    rowid
{%- endmacro %}

{#- The schema that an engine gives to a target which names none. -#}
{% macro engine_schema() %}
    {{ return(adapter.dispatch('engine_schema', 'signup_attribution')()) }}
{% endmacro %}

{% macro default__engine_schema() %}
    {{ return('public') }}
{% endmacro %}

{% macro duckdb__engine_schema() %}
    {{ return('main') }}
{% endmacro %}
