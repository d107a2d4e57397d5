{#-
    Monthly partitions. PostgreSQL: native range partitions <table>_YYYY_MM, created when a month first appears, and no default
    partition that would silently fill up. DuckDB: one table, to which each refresh adds its rows month by month, so that the
    bounds of its row groups serve as partitions.
    A visitor's clock may show any month. So that it cannot create thousands of partitions, the months before `oldest_month` share one,
    and so do those from 2040-01 on.
-#}

{#- First days (YYYY-MM-DD) of the two months that stand for many: the one before oldest_month, and 2040-01. -#}
{% macro shared_months() %}
    {%- set year, month = (var('oldest_month') | string)[:4] | int, (var('oldest_month') | string)[5:] | int -%}
    {{ return(['%04d-%02d-01' | format(year if month > 1 else year - 1, month - 1 if month > 1 else 12), '2040-01-01']) }}
{% endmacro %}

{#- Expression: first day of the month in whose partition a time lies. -#}
{% macro partition_month(time) -%}
    cast(least(greatest(
        date_trunc('month', {{ time }}), timestamp '{{ shared_months()[0] }}'), timestamp '{{ shared_months()[1] }}') as date)
{%- endmacro %}

{#- Condition that a time lies in the partition of a month, given by its first day. -#}
{% macro is_in_month(time, first_day) -%}
    {%- set conditions = [] -%}
    {%- if first_day != shared_months()[0] -%}
        {%- do conditions.append(time ~ " >= timestamp '" ~ first_day ~ "'") -%}
    {%- endif -%}
    {%- if first_day != shared_months()[1] -%}
        {%- do conditions.append(time ~ " < timestamp '" ~ first_day ~ "' + interval '1 month'") -%}
    {%- endif -%}
    {{ conditions | join(' and ') }}
{%- endmacro %}

{#- Suffix of a month's partition: _2026_01, _before_2010_01 or _from_2040_01. -#}
{% macro month_suffix(first_day) -%}
    {%- if first_day == shared_months()[0] -%}
        {{ '_before_' ~ var('oldest_month') | replace('-', '_') }}
    {%- else -%}
        {{ ('_from_' if first_day == shared_months()[1] else '_') ~ first_day[:7] | replace('-', '_') }}
    {%- endif -%}
{%- endmacro %}

{#- First days of the months in whose partitions the rows of a relation, or of a query in parentheses, lie; in order. -#}
{% macro months_of(rows, column) %}
    {%- set query -%}
        select cast(month as text) as first_day
        from (select distinct {{ partition_month(column) }} as month from {{ rows }} as arrived) as months
        order by first_day
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{% endmacro %}

{#- Conditions that split rows by month, in order; a single one that keeps all rows if the model has no monthly partitions. -#}
{% macro month_conditions(rows) %}
    {%- set column = (config.get('meta') or {}).get('monthly_partitions_by') -%}
    {%- set conditions = [] -%}
    {%- if column -%}
        {%- for first_day in months_of(rows, column) -%}
            {%- do conditions.append(is_in_month(column, first_day)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(conditions or ['true']) }}
{% endmacro %}

{#- DDL of the partitions that the rows of `rows` need and `parent` lacks. Bounds are whole months. -#}
{% macro create_month_partitions(parent, rows, column) %}
    {%- set oldest, latest = shared_months() -%}
    {%- set present = run_query(
        "select relname from pg_inherits inner join pg_class on inhrelid = oid where inhparent = to_regclass('"
        ~ parent.include(database=false) ~ "')").columns[0].values() | list -%}
    {%- set made = [] -%}
    {%- for first_day in months_of(rows, column) -%}
        {%- set partition = parent.incorporate(path={'identifier': parent.identifier ~ month_suffix(first_day)}) -%}
        {%- if partition.identifier not in present -%}
            {%- do made.append(first_day[:7]) %}
    create table {{ partition }} partition of {{ parent }} for values
    from ({{ 'minvalue' if first_day == oldest else "date '" ~ first_day ~ "'" }})
    to ({{ 'maxvalue' if first_day == latest else "date '" ~ first_day ~ "' + interval '1 month'" }});
        {%- endif -%}
    {%- endfor -%}
    {%- if made | length > 3 -%}
        {%- do say('app_tracks has ' ~ made | length ~ ' new partitions, of months from ' ~ made | min ~ ' to ' ~ made | max
            ~ '. If no messages are that old or new, clocks were wrong: see max_event_age_days.') -%}
    {%- endif -%}
{% endmacro %}

{#-
    SQL that creates a table from a query. A table with monthly partitions is first created empty, with the columns of the query, then
    gets its partitions, then its rows. is_of_batch: for rows that are only staged for a table.
-#}
{% macro stored_table_as(relation, query, is_of_batch=false) -%}
    {%- if config.get('contract').enforced and model.config.materialized != 'published' -%}
        {{ get_assert_columns_equivalent(query) }}
    {%- endif -%}
    {%- if (config.get('meta') or {}).get('monthly_partitions_by') and not is_of_batch -%}
        {{ adapter.dispatch('partitioned_table_as', 'signup_attribution')(relation, '(' ~ query ~ ')', config.get('meta').monthly_partitions_by) }}
    {%- else -%}
        {{ table_of(relation, query) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__partitioned_table_as(relation, rows, column) -%}
    create temporary table new_rows on commit drop as {{ rows }} with no data;
    create table {{ relation }} (like new_rows) partition by range ({{ column }});
    {{ create_month_partitions(relation, rows, column) }}
    insert into {{ relation }} select * from {{ rows }} as arrived;
{%- endmacro %}

{#-
    The first month creates the table: DuckDB 2.0 loses the bounds of rows inserted into a table that was created by an empty query
    in the same transaction, and then cannot find them. (A table created from a column list, as by table_of, is not affected.)
-#}
{% macro duckdb__partitioned_table_as(relation, rows, column) -%}
    {%- for condition in month_conditions(rows) %}
    {%- set of_month = 'select * from ' ~ rows ~ ' as arrived where ' ~ condition %}
    {{ table_of(relation, of_month) if loop.first else 'insert into ' ~ relation ~ ' ' ~ of_month ~ ';' }}
    {%- endfor -%}
{%- endmacro %}

{#- Whether a month has a table of its own. -#}
{% macro has_partitions() %}
    {{ return(adapter.dispatch('has_partitions', 'signup_attribution')()) }}
{% endmacro %}

{% macro default__has_partitions() %}
    {{ return(true) }}
{% endmacro %}

{% macro duckdb__has_partitions() %}
    {{ return(false) }}
{% endmacro %}

{#- Name of the table that holds a month's messages. -#}
{% macro month_table(month) -%}
    {%- if has_partitions() -%}
    case {{ month }}
        {%- for first_day in shared_months() %}
        when date '{{ first_day }}' then 'app_tracks{{ month_suffix(first_day) }}'
        {%- endfor %}
        else 'app_tracks_' || to_char({{ month }}, 'YYYY_MM')
    end
    {%- else -%}
    'app_tracks'
    {%- endif -%}
{%- endmacro %}

{#- Name of the table that holds a row: its partition, where the engine has them. Only in a select from the table itself. -#}
{% macro row_table(name) -%}
    {{ "substring(cast(cast(tableoid as regclass) as text) from '[^.]*$')" if has_partitions() else quoted(name) }}
{%- endmacro %}

{#- SQL that moves a month's rows from app_tracks to a table of their own, or adds them to it. -#}
{% macro move_month(app_tracks, detached, first_day) -%}
    {{ adapter.dispatch('move_month', 'signup_attribution')(app_tracks, detached, first_day) }}
{%- endmacro %}

{% macro default__move_month(app_tracks, detached, first_day) -%}
    {%- set month_rows = is_in_month('occurred_at', first_day) -%}
    create table if not exists {{ detached }} as select * from {{ app_tracks }} where false;
    {{ add_to_detached(app_tracks, app_tracks, detached, month_rows) }}
    delete from {{ app_tracks }} where {{ month_rows }};
{%- endmacro %}

{#- A partition is detached unchanged; a second one of the same month (late messages) is added to the first. -#}
{% macro postgres__move_month(app_tracks, detached, first_day) -%}
    {%- set partition = app_tracks.incorporate(path={'identifier': detached.identifier | replace('_detached', '')}) -%}
    alter table {{ app_tracks }} detach partition {{ partition }};
    {%- if adapter.get_relation(detached.database, detached.schema, detached.identifier) is none %}
    alter table {{ partition }} rename to {{ detached.identifier }};
    {%- else %}
    {{ add_to_detached(app_tracks, partition, detached, 'true') }}
    drop table {{ partition }};
    {%- endif %}
{%- endmacro %}

{#- SQL to run after a rebuilt table was swapped in: its partitions get its name, which those of the old table held until then. -#}
{% macro name_partitions() -%}
    {{ adapter.dispatch('name_partitions', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__name_partitions() -%}
{%- endmacro %}

{% macro postgres__name_partitions() -%}
    {%- if (config.get('meta') or {}).get('monthly_partitions_by') -%}
    {%- set built_as = make_intermediate_relation(this).identifier -%}
    do $do$
    declare
        partition regclass;
        new_name name;
    begin
        for partition, new_name in
            select inhrelid, replace(relname, '{{ built_as }}', '{{ this.identifier }}')
            from pg_inherits inner join pg_class on inhrelid = oid
            where inhparent = '{{ this.include(database=false) }}'::regclass
        loop
            execute format('alter table %s rename to %I', partition, new_name);
        end loop;
    end
    $do$;
    {%- endif -%}
{%- endmacro %}

{#- SQL that adds rows to a detached month, which may lack columns that app_tracks has gained since, or hold the same messages. -#}
{% macro add_to_detached(app_tracks, rows, detached, condition) -%}
    {%- set columns = columns_of(app_tracks) -%}
    {%- set names = quoted_names(columns) -%}
    {%- set stored = adapter.get_relation(detached.database, detached.schema, detached.identifier) -%}
    {%- if stored is not none -%}
        {%- set known = columns_of(stored) | map(attribute='name') | list -%}
        {%- for column in columns if column.name not in known %}
    alter table {{ detached }} add column {{ quoted_name(column.name) }} {{ column.data_type }};
        {%- endfor %}
    {%- endif %}
    delete from {{ detached }} as kept where exists (
        select 1 from {{ rows }} as moved where moved.event_id = kept.event_id and moved.message_type = kept.message_type
    );
    insert into {{ detached }} ({{ names }})
    select {{ names }} from {{ rows }} where {{ condition }};
{%- endmacro %}
