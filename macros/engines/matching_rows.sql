{#-
    How few rows are found in a large table. PostgreSQL uses its indexes. DuckDB reads a column of all rows; others it skips
    where the rows that match lie close together, but only if a join compares a single column. So there the rows are looked
    for in narrow columns first, and the wide ones are read by the time of what was found: stored rows lie in order of time.
-#}

{#-
    After `from <relation> as <name> <joined>`, where nothing but a time is compared further on: reads the columns of those
    rows only. joined: the join that chooses rows; time: a column of the relation.
-#}
{% macro where_time_found(relation, name, time, joined) -%}
    {{ adapter.dispatch('where_time_found', 'signup_attribution')(relation, name, time, joined) }}
{%- endmacro %}

{% macro default__where_time_found(relation, name, time, joined) -%}
{%- endmacro %}

{% macro duckdb__where_time_found(relation, name, time, joined) -%}
    where {{ in_list_of(name ~ '.' ~ time, name ~ '.' ~ time, relation ~ ' as ' ~ name ~ ' ' ~ joined) }}
{%- endmacro %}

{#-
    Query on a table that has anonymous_id and user_id: in an incremental run at least the rows of the pairs in `devices` whose
    `time` is not before `since` (an expression on devices); else all rows. It still has to be joined with devices.
-#}
{% macro rows_of_devices(relation, devices, time, since) -%}
    {{ adapter.dispatch('rows_of_devices', 'signup_attribution')(relation, devices, time, since) }}
{%- endmacro %}

{% macro default__rows_of_devices(relation, devices, time, since) -%}
    select * from {{ relation }}
{%- endmacro %}

{% macro duckdb__rows_of_devices(relation, devices, time, since) -%}
    select stored.* from {{ relation }} as stored
    {%- if is_incremental() %}
    {%- set joined -%}
        inner join {{ devices }} as devices
            on stored.anonymous_id = devices.anonymous_id
            and stored.user_id = devices.user_id
            and stored.{{ time }} >= {{ since }}
    {%- endset %}
    {{ where_time_found(relation, 'stored', time, joined) }}
    {%- endif %}
{%- endmacro %}

{#- Condition, beside the full one, that a column has a value that a column of `rows` has. -#}
{% macro and_found_in(column, rows, name) -%}
    {{ adapter.dispatch('and_found_in', 'signup_attribution')(column, rows, name) }}
{%- endmacro %}

{% macro default__and_found_in(column, rows, name) -%}
{%- endmacro %}

{% macro duckdb__and_found_in(column, rows, name) -%}
    and {{ in_list_of(column, name, rows) }}
{%- endmacro %}

{#- DuckDB takes a join on few of the stored rows for one on many; a list is one row, so that it looks the others up in it. -#}
{% macro in_list_of(column, name, rows) -%}
    {{ column }} in (
        select unnest(found) from (select list(distinct {{ name }}) as found from {{ rows }}) as listed
    )
{%- endmacro %}

{#- Order of a table's rows when it is made from scratch, so that rows of one time lie together. -#}
{% macro in_order_of(time) -%}
    {{ 'order by ' ~ time if not is_incremental() }}
{%- endmacro %}
