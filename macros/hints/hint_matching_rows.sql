{#-
    Finding a few rows in a large table. PostgreSQL uses its indexes. DuckDB scans one column of all rows and skips the others
    where matching rows lie close together, but only if a join compares a single column. So on DuckDB the rows are first looked
    up in narrow columns, and the wide ones are then read by the times found, because stored rows are ordered by time.
-#}

{#-
    After `from <relation> as <name> <joined>`, if only a time is compared later: reads the columns of just those rows.
    joined: the join that chooses rows; time: a column of the relation.
-#}
{% macro hint_where_time_found(relation, name, time, joined) -%}
    {{ adapter.dispatch('hint_where_time_found', 'signup_attribution')(relation, name, time, joined) }}
{%- endmacro %}

{% macro default__hint_where_time_found(relation, name, time, joined) -%}
{%- endmacro %}

{% macro duckdb__hint_where_time_found(relation, name, time, joined) -%}
    where {{ in_list_of(name ~ '.' ~ time, name ~ '.' ~ time, relation ~ ' as ' ~ name ~ ' ' ~ joined) }}
{%- endmacro %}

{#- <name> is a model's, joined with changed persons: Spark reads only files that may have their rows. -#}
{% macro spark__hint_where_time_found(relation, name, time, joined) -%}
    where {{ in_files_of(our_models()[name].node, changed_persons(), 'alias_id', 'changed_since', time, name) }}
{%- endmacro %}

{#-
    Query on a table that has anonymous_id and user_id: in an incremental run at least the rows of the pairs in `devices` whose
    `time` is not before `since` (an expression on devices); else all rows. It still has to be joined with devices.
-#}
{% macro hint_rows_of_devices(relation, devices, time, since) -%}
    {{ adapter.dispatch('hint_rows_of_devices', 'signup_attribution')(relation, devices, time, since) }}
{%- endmacro %}

{% macro default__hint_rows_of_devices(relation, devices, time, since) -%}
    select * from {{ relation }}
{%- endmacro %}

{% macro duckdb__hint_rows_of_devices(relation, devices, time, since) -%}
    select stored.* from {{ relation }} as stored
    {%- if is_incremental() %}
    {%- set joined -%}
        inner join {{ devices }} as devices
            on stored.anonymous_id = devices.anonymous_id
            and stored.user_id = devices.user_id
            and stored.{{ time }} >= {{ since }}
    {%- endset %}
    {{ hint_where_time_found(relation, 'stored', time, joined) }}
    {%- endif %}
{%- endmacro %}

{#- Condition, in addition to the full one, that a column's value occurs in a column of `rows`. -#}
{% macro hint_and_found_in(column, rows, name) -%}
    {{ adapter.dispatch('hint_and_found_in', 'signup_attribution')(column, rows, name) }}
{%- endmacro %}

{% macro default__hint_and_found_in(column, rows, name) -%}
{%- endmacro %}

{% macro duckdb__hint_and_found_in(column, rows, name) -%}
    and {{ in_list_of(column, name, rows) }}
{%- endmacro %}

{#- DuckDB overestimates a join that finds few stored rows. A list is a single row, so it looks the stored rows up in that. -#}
{% macro in_list_of(column, name, rows) -%}
    {{ column }} in (
        select unnest(found) from (select list(distinct {{ name }}) as found from {{ rows }}) as listed
    )
{%- endmacro %}

{#- Order of a table's rows when it is built from scratch, so that rows of similar times are stored together. -#}
{% macro hint_in_order_of(time) -%}
    {{ 'order by ' ~ time if not is_incremental() }}
{%- endmacro %}
