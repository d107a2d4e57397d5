-- What campaign_performance and channel_performance add up, for every credit model: sign-ups and revenue by the day of
-- the sign-up, costs by the day of the spending.
with credited_entries as (
    select * from {{ ref('credited_entries') }}
),

ad_costs as (
    select * from {{ ref('ad_costs') }}
),

person_revenue as (
    select * from {{ ref('person_revenue') }}
),

signed_up as (
    select alias_id from {{ ref('attribution') }}
),

models as (
    select unnest({{ text_array(credit_models()) }}) as model
),

-- so that every sum includes all revenue
unmatched_revenue_entries as (
    select
        models.model,
        {{ quoted(no_signup_name()) }} as channel,
        {{ quoted(no_signup_name()) }} as source,
        {{ quoted(no_signup_name()) }} as medium,
        '(none)' as campaign,
        person_revenue.currency,
        0 as signups,
        0 as cost,
        person_revenue.revenue,
        cast(null as integer) as age_days,
        person_revenue.paid_on as happened_on
    from person_revenue
    left join signed_up on person_revenue.alias_id = signed_up.alias_id
    cross join models
    where signed_up.alias_id is null
),

cost_entries as (
    select
        models.model,
        ad_costs.channel,
        ad_costs.source,
        ad_costs.medium,
        ad_costs.campaign,
        ad_costs.currency,
        0 as signups,
        ad_costs.cost,
        0 as revenue,
        cast(null as integer) as age_days,
        ad_costs.spent_on as happened_on
    from ad_costs
    cross join models
),

entries as (
    select * from credited_entries
    union all
    select * from unmatched_revenue_entries
    union all
    select * from cost_entries
),

-- by day first, so that the periods add up few rows
performance_entries as (
    select
        model,
        channel,
        source,
        medium,
        campaign,
        currency,
        sum(signups) as signups,
        sum(cost) as cost,
        sum(revenue) as revenue,
        age_days,
        happened_on
    from entries
    group by model, channel, source, medium, campaign, currency, age_days, happened_on
)

select * from performance_entries
