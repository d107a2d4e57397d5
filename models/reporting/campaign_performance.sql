{{ config(materialized='view') }}

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

-- age_days: of the revenue; null in what is no revenue
by_age as (
    select
        period_type,
        model,
        channel,
        source,
        medium,
        campaign,
        currency,
        age_days,
        sum(signups) as signups,
        sum(cost) as cost,
        sum(revenue) as revenue,
        period_start
    from in_periods
    group by period_type, model, channel, source, medium, campaign, currency, period_start, age_days
),

-- in the order of age_days, what has none comes first
accumulated as (
    select
        *,
        sum(cost) over campaigns as cost_to_pay_back,
        sum(case when age_days >= 0 then revenue end) over (
            campaigns order by coalesce(age_days, -1)
        ) as revenue_so_far
    from by_age
    window campaigns as (
        partition by period_type, model, channel, source, medium, campaign, currency, period_start
    )
),

compared as (
    select
        *,
        age_days >= 0 and cost_to_pay_back > 0 and revenue_so_far >= cost_to_pay_back as is_paid_back
    from accumulated
),

campaign_performance as (
    select
        period_type,
        model,
        channel,
        source,
        medium,
        campaign,
        currency,
        sum(signups) as signups,
        sum(cost) as cost,
        nullif(sum(cost), 0) / nullif(sum(signups), 0) as cac,
        sum(revenue) as revenue,
        sum(revenue) / nullif(sum(signups), 0) as average_ltv,
        sum(revenue) / nullif(sum(cost), 0) as roas,
        min(case when is_paid_back then age_days end) as payback_days,
        period_start
    from compared
    group by period_type, model, channel, source, medium, campaign, currency, period_start
)

select * from campaign_performance
