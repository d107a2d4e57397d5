{#-
    Monthly partitions. PostgreSQL: native range partitions <table>_YYYY_MM, made when a month first appears, and no default
    partition that would silently fill. DuckDB: one table whose loads are in month order, which its row groups' bounds serve.
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

{#- `order by` month for engines that keep months together by order; nothing where partitions do. -#}
{% macro in_month_order(column) -%}
    {{ adapter.dispatch('in_month_order', 'signup_attribution')(column) }}
{%- endmacro %}

{% macro default__in_month_order(column) -%}
{%- endmacro %}

{% macro duckdb__in_month_order(column) -%}
    order by date_trunc('month', {{ column }})
{%- endmacro %}

{#- Indexes of the partitioned table: ids for the look-up of copies; times and batches arrive in order, so BRIN finds them. -#}
{% macro partition_indexes() -%}
    {{ return([{'columns': ['event_id']}, {'columns': ['batch_id'], 'type': 'brin'}, {'columns': ['occurred_at'], 'type': 'brin'}] if target.type == 'postgres' else []) }}
{%- endmacro %}

{#- DDL of the partitions that the rows of `rows` need and `parent` lacks. Bounds are whole months. -#}
{% macro create_month_partitions(parent, rows, column) %}
    do $do$
    declare
        month_start timestamp;
        partition_name text;
    begin
        for month_start in select distinct date_trunc('month', {{ column }}) from {{ rows }} order by 1 loop
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
    {%- if column and not temporary %}
        create temporary table new_rows on commit drop as ({{ sql }});
        create table {{ relation }} (like new_rows) partition by range ({{ column }});
        {{ create_month_partitions(relation, 'new_rows', column) }}
        insert into {{ relation }} select * from new_rows;
    {%- else %}
        create {{ 'temporary' if temporary else 'unlogged' if config.get('unlogged', false) }} table {{ relation }} as (
            {{ sql }}
        );
    {%- endif %}
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
