{#- Days, weeks (from Monday) and months of the marts, in report_timezone. Stored times are UTC. -#}

{#- A stored time on the clocks of report_timezone. -#}
{% macro report_time(time) -%}
    {%- if var('report_timezone') == 'UTC' -%}
        {{ time }}
    {%- else -%}
        {{ adapter.dispatch('time_in_zone', 'signup_attribution')(time, var('report_timezone')) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__time_in_zone(time, zone) -%}
    ({{ time }} at time zone 'UTC') at time zone {{ quoted(zone) }}
{%- endmacro %}

{#- The day a stored time falls on, in the years 1 to 9999 even where the clocks say the day before or after. -#}
{% macro report_date(time) -%}
    {%- if var('report_timezone') == 'UTC' -%}
        cast({{ time }} as date)
    {%- else -%}
        case
            when {{ time }} is not null
                then least(greatest(cast({{ report_time(time) }} as date), date '0001-01-01'), date '9999-12-31')
        end
    {%- endif -%}
{%- endmacro %}

{#- First day of the week or month (a text expression, 'week' or 'month') that a day lies in. -#}
{% macro period_start(period_type, day) -%}
    cast(date_trunc({{ period_type }}, cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{#- Whole weeks or months from the first day of one period to that of a later one. -#}
{% macro periods_between(period_type, earlier, later) -%}
    case {{ period_type }}
        when 'week' then cast({{ whole_days_between(earlier, later) }} as integer) / 7
        else
            cast(12 * (extract(year from {{ later }}) - extract(year from {{ earlier }})) as integer)
            + cast(extract(month from {{ later }}) - extract(month from {{ earlier }}) as integer)
    end
{%- endmacro %}

{#- True when the database knows a time zone of this name. -#}
{% macro is_time_zone(name) %}
    {{ return(name is string and adapter.dispatch('is_time_zone', 'signup_attribution')(name)) }}
{% endmacro %}

{% macro default__is_time_zone(name) %}
    {{ return(run_query('select 1 from pg_timezone_names() where name = ' ~ quoted(name)).rows | length > 0) }}
{% endmacro %}
