{#-
    Aggregates over a group in session order (time, then event id), among the rows whose value is not null:
    first_by and last_by give the value of the first or last of them, first_id_by and last_id_by that row's event id.
-#}
{% macro first_by(value, time, event_id) -%}
    {{ adapter.dispatch('boundary_row', 'signup_attribution')(value, time, event_id, value, 'first') }}
{%- endmacro %}

{% macro last_by(value, time, event_id) -%}
    {{ adapter.dispatch('boundary_row', 'signup_attribution')(value, time, event_id, value, 'last') }}
{%- endmacro %}

{% macro first_id_by(value, time, event_id) -%}
    {{ adapter.dispatch('boundary_row', 'signup_attribution')(value, time, event_id, event_id, 'first') }}
{%- endmacro %}

{% macro last_id_by(value, time, event_id) -%}
    {{ adapter.dispatch('boundary_row', 'signup_attribution')(value, time, event_id, event_id, 'last') }}
{%- endmacro %}

{#- All aggregates of one order share one sort, so the last row is read from the end of the ascending list. -#}
{% macro default__boundary_row(value, time, event_id, result, side) -%}
    {%- set list -%}
        array_agg({{ result }} order by {{ time }}, {{ event_id }}) filter (where {{ value }} is not null)
    {%- endset -%}
    ({{ list }})[{{ '1' if side == 'first' else 'count(' ~ value ~ ')' }}]
{%- endmacro %}

{#- DuckDB would order each group's rows only to take one of them: the smallest row does the same in one pass. -#}
{% macro duckdb__boundary_row(value, time, event_id, result, side) -%}
    ({{ 'min' if side == 'first' else 'max' }}(row({{ time }}, {{ event_id }}, {{ value }})) filter (where {{ value }} is not null))[{{ 2 if result == event_id else 3 }}]
{%- endmacro %}
