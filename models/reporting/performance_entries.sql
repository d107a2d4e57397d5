-- What campaign_performance and channel_performance add up, for every model of credit: sign-ups and revenue by the day
-- of the sign-up, costs by the day of the spending.
with touch_credits as (
    select * from {{ ref('touch_credits') }}
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

-- the currency that most money rows are in
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

-- what was paid before the sign-up counts as paid on its day
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
        cast(greatest(person_revenue.paid_on - credits.signed_up_on, 0) as integer) as age_days,
        credits.signed_up_on as happened_on
    from person_revenue
    inner join credits on person_revenue.alias_id = credits.alias_id
),

-- so that no revenue vanishes from a sum
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
    select * from signup_entries
    union all
    select * from revenue_entries
    union all
    select * from unmatched_revenue_entries
    union all
    select * from cost_entries
),

-- by day first: the periods are made of few rows then
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
