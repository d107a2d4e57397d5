-- What is a sign-up of each campaign worth, and what did it cost? For all time, by one model of credit: choose it with
-- --vars '{credit_model: linear, ...}'; by default the first touch gets all credit.
--
-- How to read it. ltv_to_cac above 1: the campaign has earned its costs, of 3 and more people speak of as healthy. Young sign-ups
-- have paid little so far, so compare campaigns of one age. Few sign-ups say little. (unattributed) has sign-ups of which no
-- touch counts; (unmatched spend) costs whose names match no touch: the names in ads and links differ.
--
-- channel, source, medium, campaign, currency: of campaign_performance. signups: credit, so it may be a fraction. revenue: of
-- these persons so far. ltv: revenue by sign-up. cost: money spent. cac: cost by sign-up. ltv_to_cac: revenue by cost.
with campaign_performance as (
    select * from {{ ref('campaign_performance') }}
    where
        period_type = 'month'
        and model = {{ quoted(var('credit_model', 'first')) }}
        and channel != {{ quoted(no_signup_name()) }}
),

campaigns as (
    select
        channel,
        source,
        medium,
        campaign,
        currency,
        sum(signups) as signups,
        sum(revenue) as revenue,
        sum(cost) as cost
    from campaign_performance
    group by channel, source, medium, campaign, currency
)

select
    channel,
    source,
    medium,
    campaign,
    currency,
    round(cast(signups as numeric), 2) as signups,
    round(cast(revenue as numeric), 2) as revenue,
    round(cast(revenue / nullif(signups, 0) as numeric), 2) as ltv,
    round(cast(cost as numeric), 2) as cost,
    round(cast(nullif(cost, 0) / nullif(signups, 0) as numeric), 2) as cac,
    round(cast(revenue / nullif(cost, 0) as numeric), 2) as ltv_to_cac
from campaigns
order by campaigns.signups desc, campaigns.cost desc, channel, source, medium, campaign, currency
