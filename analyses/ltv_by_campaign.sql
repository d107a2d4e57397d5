-- What is a sign-up of each campaign worth, and what did it cost? For all time, by one model of credit: choose it with
-- --vars '{credit_model: linear, ...}'; by default the first touch gets all credit.
--
-- How to read it. Where ltv is above cac, the campaign has earned its costs; three times cac is commonly considered healthy. Young
-- sign-ups have paid little so far, so compare campaigns of one age. Few sign-ups say little. Costs without sign-ups: nobody signed
-- up by that campaign, or its names in ads and links differ. (unattributed) has sign-ups of which no touch counts.
--
-- campaign: source and campaign, or source and medium where there is no campaign. signups: credit, so it may be a fraction. cost:
-- money spent. cac: cost by sign-up. ltv: revenue of these persons so far, by sign-up. currency: of the money.
with campaign_performance as (
    select * from {{ ref('campaign_performance') }}
    where
        period_type = 'month'
        and model = {{ quoted(var('credit_model', 'first')) }}
        and channel != {{ quoted(no_signup_name()) }}
),

campaigns as (
    select
        concat_ws('/', source, case when campaign = '(none)' then medium else coalesce(campaign, medium) end) as campaign,
        currency,
        sum(signups) as signups,
        sum(revenue) as revenue,
        sum(cost) as cost
    from campaign_performance
    group by 1, 2
)

select
    campaign,
    round(cast(signups as numeric), 2) as signups,
    round(cast(cost as numeric), 2) as cost,
    round(cast(nullif(cost, 0) / nullif(signups, 0) as numeric), 2) as cac,
    round(cast(revenue / nullif(signups, 0) as numeric), 2) as ltv,
    currency
from campaigns
order by campaigns.signups desc, campaigns.cost desc, campaign, currency
