{#-
    Monthly partitions. PostgreSQL: native range partitions <table>_YYYY_MM, made when a month first appears, and no default
    partition that would silently fill. DuckDB: one table, to which each refresh adds its rows month by month, so that the
    bounds of its row groups serve as partitions do.
-#}

{#- Called before rows go from one relation to another. -#}
{% macro prepare_target(target_relation, temp_relation) -%}
    {{ adapter.dispatch('prepare_target', 'signup_attribution')(target_relation, temp_relation) }}
{%- endmacro %}

{% macro default__prepare_target(target_relation, temp_relation) -%}
{%- endmacro %}

{% macro postgres__prepare_target(target_relation, temp_relation) -%}
    {%- set column = (config.get('meta') or {}).get('monthly_partitions_by') -%}
    {%- if column -%}
        {{ create_month_partitions(target_relation, temp_relation, column) }}
    {%- endif -%}
{%- endmacro %}

{#- SQL that adds rows (a relation, or a query in parentheses) to a stored table. columns: their list, by default all. -#}
{% macro insert_rows(target_relation, rows, columns=none) -%}
    {{ adapter.dispatch('insert_rows', 'signup_attribution')(target_relation, rows, columns) }}
{%- endmacro %}

{% macro default__insert_rows(target_relation, rows, columns, condition='true') -%}
    insert into {{ target_relation }} {{ '(' ~ columns ~ ')' if columns }}
    select {{ columns or '*' }} from {{ rows }} as arrived
    where {{ condition }};
{%- endmacro %}

{#- A month at a time: sorting wide rows would cost more than all that is made of them. -#}
{% macro duckdb__insert_rows(target_relation, rows, columns) -%}
    {%- for condition in month_conditions(rows) %}
    {{ default__insert_rows(target_relation, rows, columns, condition) }}
    {%- endfor %}
{%- endmacro %}

{#- Conditions that split rows by month, in order; just one that keeps all where the model has no monthly partitions. -#}
{% macro month_conditions(rows) %}
    {%- set column = (config.get('meta') or {}).get('monthly_partitions_by') -%}
    {%- set conditions = [] -%}
    {%- if column -%}
        {%- set months = "select distinct date_trunc('month', " ~ column ~ ') from ' ~ rows ~ ' as arrived order by 1' -%}
        {%- for month in run_query(months).columns[0].values() -%}
            {%- do conditions.append(
                column ~ " >= timestamp '" ~ month ~ "' and " ~ column ~ " < timestamp '" ~ month ~ "' + interval '1 month'"
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(conditions or ['true']) }}
{% endmacro %}

{#- Indexes of the partitioned table: ids for the look-up of copies; times and batches arrive in order, so BRIN finds them. -#}
{% macro partition_indexes() -%}
    {{ return(adapter.dispatch('partition_indexes', 'signup_attribution')()) }}
{%- endmacro %}

{% macro default__partition_indexes() -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__partition_indexes() -%}
    {{ return([
        {'columns': ['event_id']}, {'columns': ['batch_id'], 'type': 'brin'}, {'columns': ['occurred_at'], 'type': 'brin'}
    ]) }}
{%- endmacro %}

{#- DDL of the partitions that the rows of `rows` need and `parent` lacks. Bounds are whole months. -#}
{% macro create_month_partitions(parent, rows, column) %}
    do $do$
    declare
        month_start timestamp;
        partition_name text;
    begin
        for month_start in select distinct date_trunc('month', {{ column }}) from {{ rows }} as arrived order by 1 loop
            partition_name := '{{ parent.identifier }}_' || to_char(month_start, 'YYYY_MM');
            if to_regclass(format('%I.%I', '{{ parent.schema }}', partition_name)) is null then
                execute format(
                    'create table %I.%I partition of {{ parent }} for values from (%L) to (%L)',
                    '{{ parent.schema }}', partition_name, month_start, month_start + interval '1 month'
                );
            end if;
        end loop;
    end
    $do$;
{% endmacro %}

{#-
    dbt makes tables by this macro. A table with monthly partitions is made empty first, in the shape of the query's
    result, then gets its partitions, then its rows.
-#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set column = (config.get('meta') or {}).get('monthly_partitions_by') -%}
    {%- if config.get('contract').enforced and not temporary -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
    {{ announce_model() }}
    {%- if column and not temporary %}
        create temporary table new_rows on commit drop as ({{ sql }}) with no data;
        create table {{ relation }} (like new_rows) partition by range ({{ column }});
        {{ create_month_partitions(relation, '(' ~ sql ~ ')', column) }}
        {{ insert_rows(relation, '(' ~ sql ~ ')') }}
    {%- else %}
        create {{ 'temporary' if temporary }} table {{ relation }} as (
            {{ sql }}
        );
    {%- endif %}
{%- endmacro %}

{#-
    The first month makes the table: DuckDB 2.0 forgets the bounds of rows that are inserted into a table made by an empty
    query in the same transaction, and then finds none of them. (It finds those of a table made by its columns, as table_of does.)
-#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- if (config.get('meta') or {}).get('monthly_partitions_by') and not temporary -%}
        {%- set rows = '(' ~ compiled_code ~ ')' -%}
        {%- for condition in month_conditions(rows) -%}
            {%- if loop.first %}
    create table {{ relation }} as select * from {{ rows }} as arrived where {{ condition }};
            {%- else %}
    {{ default__insert_rows(relation, rows, none, condition) }}
            {%- endif -%}
        {%- endfor -%}
    {%- elif temporary and language == 'sql' %}
    create temporary table {{ relation.include(database=false, schema=false) }} as (
        {{ compiled_code }}
    );
    {%- elif config.get('materialized') == 'incremental' or config.get('contract').enforced -%}
        {%- if config.get('contract').enforced -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
        {%- endif -%}
        {{ table_of(relation, compiled_code, config.get('meta')) }}
    {%- else -%}
        {{ dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by) }}
    {%- endif -%}
{%- endmacro %}

{#- Name of the table that holds a month's messages. -#}
{% macro month_table(month) -%}
    {{ adapter.dispatch('month_table', 'signup_attribution')(month) }}
{%- endmacro %}

{% macro default__month_table(month) -%}
    'app_tracks_' || to_char({{ month }}, 'YYYY_MM')
{%- endmacro %}

{% macro duckdb__month_table(month) -%}
    'app_tracks'
{%- endmacro %}

{#- SQL that moves a month's rows from app_tracks to a table of their own, or adds them to it. -#}
{% macro move_month(app_tracks, detached, first_day) -%}
    {{ adapter.dispatch('move_month', 'signup_attribution')(app_tracks, detached, first_day) }}
{%- endmacro %}

{% macro default__move_month(app_tracks, detached, first_day) -%}
    {%- set month_rows -%}
        occurred_at >= timestamp '{{ first_day }}' and occurred_at < timestamp '{{ first_day }}' + interval '1 month'
    {%- endset -%}
    create table if not exists {{ detached }} as select * from {{ app_tracks }} where false;
    {{ add_to_detached(app_tracks, app_tracks, detached, month_rows) }}
    delete from {{ app_tracks }} where {{ month_rows }};
{%- endmacro %}

{#- A partition is detached as it is; a second one of the same month (late messages) is added to the first. -#}
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

{#-
    SQL, run after dbt has swapped a rebuilt table in: gives its partitions their names, which those of the table swapped
    out still had.
-#}
{% macro name_partitions() -%}
    {{ adapter.dispatch('name_partitions', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__name_partitions() -%}
{%- endmacro %}

{% macro postgres__name_partitions() -%}
    {%- set built_as = make_intermediate_relation(this).identifier -%}
    do $do$
    declare
        partition regclass;
        partition_name name;
    begin
        for partition, partition_name in
            select pg_class.oid, pg_class.relname
            from pg_inherits inner join pg_class on pg_inherits.inhrelid = pg_class.oid
            where inhparent = to_regclass('{{ make_backup_relation(this, 'table').include(database=false) }}')
        loop
            execute format('alter table %s rename to %I', partition, partition_name || '__dbt_backup');
        end loop;
        for partition, partition_name in
            select pg_class.oid, pg_class.relname
            from pg_inherits inner join pg_class on pg_inherits.inhrelid = pg_class.oid
            where inhparent = '{{ this.include(database=false) }}'::regclass and pg_class.relname like '{{ built_as }}%'
        loop
            execute format('alter table %s rename to %I', partition, replace(partition_name, '{{ built_as }}', '{{ this.identifier }}'));
        end loop;
    end
    $do$
{%- endmacro %}

{#- SQL that adds rows to a detached month, which may lack columns that app_tracks got since, or hold the same messages. -#}
{% macro add_to_detached(app_tracks, rows, detached, condition) -%}
    {%- set columns = adapter.get_columns_in_relation(app_tracks) -%}
    {%- set names = quoted_names(columns) -%}
    {%- set stored = adapter.get_relation(detached.database, detached.schema, detached.identifier) -%}
    {%- if stored is not none -%}
        {%- set known = adapter.get_columns_in_relation(stored) | map(attribute='name') | list -%}
        {%- for column in columns if column.name not in known %}
    alter table {{ detached }} add column {{ quoted_name(column.name) }} {{ column.data_type }};
        {%- endfor %}
    {%- endif %}
    delete from {{ detached }} where exists (
        select 1 from {{ rows }} as moved
        where moved.event_id = {{ detached }}.event_id and moved.message_type = {{ detached }}.message_type
    );
    insert into {{ detached }} ({{ names }})
    select {{ names }} from {{ rows }} where {{ condition }};
{%- endmacro %}
