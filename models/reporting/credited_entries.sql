{{ config(materialized='ephemeral') }}

-- The part of performance_entries that credit shares out: sign-ups, and what these persons paid.
with touch_credits as (
    select * from {{ ref('touch_credits') }}
),

ad_costs as (
    select * from {{ ref('ad_costs') }}
),

person_revenue as (
    select * from {{ ref('person_revenue') }}
),

-- the currency that most money rows have
currencies as (
    select currency from ad_costs
    union all
    select currency from person_revenue
),

ranked_currencies as (
    select
        currency,
        row_number() over (order by count(*) desc, currency) as place
    from currencies
    group by currency
),

main_currency as (
    select {{ main_currency('max(currency)') }} as currency from ranked_currencies
    where place = 1
),

credits as (
    select
        alias_id,
        model,
        channel,
        {{ campaign_key('source') }} as source,
        {{ campaign_key('medium') }} as medium,
        {{ campaign_key('campaign') }} as campaign,
        credit,
        {{ report_date('signup_timestamp') }} as signed_up_on
    from touch_credits
),

signup_entries as (
    select
        credits.model,
        credits.channel,
        credits.source,
        credits.medium,
        credits.campaign,
        main_currency.currency,
        credits.credit as signups,
        0 as cost,
        0 as revenue,
        cast(null as integer) as age_days,
        credits.signed_up_on as happened_on
    from credits
    cross join main_currency
),

-- payments before the sign-up count on the day of the sign-up
revenue_entries as (
    select
        credits.model,
        credits.channel,
        credits.source,
        credits.medium,
        credits.campaign,
        person_revenue.currency,
        0 as signups,
        0 as cost,
        credits.credit * person_revenue.revenue as revenue,
        cast(
            greatest({{ whole_days_between('credits.signed_up_on', 'person_revenue.paid_on') }}, 0) as integer
        ) as age_days,
        credits.signed_up_on as happened_on
    from person_revenue
    inner join credits on person_revenue.alias_id = credits.alias_id
),

credited_entries as (
    select * from signup_entries
    union all
    select * from revenue_entries
)

select * from credited_entries
