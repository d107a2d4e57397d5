{#- How money is read and matched with sign-ups. -#}

{#- Part of a campaign's name (source, medium, campaign), normalized for matching spend and touches: case and blanks are ignored. -#}
{% macro campaign_key(column) -%}
    coalesce(nullif({{ lower_case(without_blanks(column)) }}, ''), '(none)')
{%- endmacro %}

{#- Currency of an amount; reporting_currency if it names none. -#}
{% macro currency_of(column) -%}
    coalesce(nullif(upper({{ without_blanks(column) }}), ''), {{ quoted(var('reporting_currency') | upper if var('reporting_currency') else '(none)') }})
{%- endmacro %}

{#- Stand for the channel of spend that matches no touch, and of revenue from users without a sign-up. -#}
{% macro unmatched_spend_name() %}
    {{- return('(unmatched spend)') -}}
{% endmacro %}

{% macro no_signup_name() %}
    {{- return('(no sign-up)') -}}
{% endmacro %}

{#- Array literal of the periods that the marts have rows for. -#}
{% macro period_types() -%}
    {{ text_array(['week', 'month']) }}
{%- endmacro %}

{#- Array literal of texts. -#}
{% macro text_array(values) -%}
    {%- set texts = [] -%}
    {%- for value in values -%}{%- do texts.append(quoted(value)) -%}{%- endfor -%}
    {{ list_of(texts) }}
{%- endmacro %}

{#- The currency of rows that hold sign-ups: reporting_currency, else the one given, an aggregate that is null without any money. -#}
{% macro main_currency(most_frequent) -%}
    coalesce({{ quoted(var('reporting_currency') | upper) if var('reporting_currency') else 'null' }}, {{ most_frequent }}, '(none)')
{%- endmacro %}

{#-
    Query: performance_entries by week and month, model, channel, currency and the columns given, with sign-ups, cost, revenue and
    what follows from them.
-#}
{% macro performance_by(columns) -%}
    {%- set keys = (['period_type', 'model', 'channel'] + columns + ['currency']) | join(',\n        ') -%}
    {%- set grain = (['period_type', 'model', 'channel'] + columns + ['currency', 'period_start']) | join(', ') -%}
with performance_entries as (
    select * from {{ ref('performance_entries') }}
),

period_types as (
    select unnest({{ period_types() }}) as period_type
),

in_periods as (
    select
        performance_entries.*,
        period_types.period_type,
        {{ period_start('period_types.period_type', 'performance_entries.happened_on') }} as period_start
    from performance_entries
    cross join period_types
),

-- age_days: of revenue; null for anything else
by_age as (
    select
        {{ keys }},
        age_days,
        sum(signups) as signups,
        sum(cost) as cost,
        sum(revenue) as revenue,
        period_start
    from in_periods
    group by {{ grain }}, age_days
),

-- by age_days, rows without one first
accumulated as (
    select
        *,
        sum(cost) over grain as cost_to_pay_back,
        sum(case when age_days >= 0 then revenue end) over by_age as revenue_so_far
    from by_age
    window
        grain as (partition by {{ grain }}),
        by_age as (partition by {{ grain }} order by coalesce(age_days, -1))
),

compared as (
    select
        *,
        age_days >= 0 and cost_to_pay_back > 0 and revenue_so_far >= cost_to_pay_back as is_paid_back
    from accumulated
),

performance as (
    select
        {{ keys }},
        sum(signups) as signups,
        sum(cost) as cost,
        nullif(sum(cost), 0) / nullif(sum(signups), 0) as cac,
        sum(revenue) as revenue,
        sum(revenue) / nullif(sum(signups), 0) as average_ltv,
        sum(revenue) / nullif(sum(cost), 0) as roas,
        min(case when is_paid_back then age_days end) as payback_days,
        period_start
    from compared
    group by {{ grain }}
)

select * from performance
{%- endmacro %}
