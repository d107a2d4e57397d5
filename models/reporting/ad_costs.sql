{{ config(materialized='batched', unique_key=['spent_on', 'source', 'medium', 'campaign', 'currency'],
    meta={'always': true}) }}

with ad_spend as (
    select * from {{ ref('stg_ad_spend') }}
),

evidence_combinations as (
    select * from {{ ref('evidence_combinations') }}
),

evidence_classes as (
    select * from {{ ref('evidence_classes') }}
),

named as (
    select
        {{ campaign_key('source') }} as source,
        {{ campaign_key('medium') }} as medium,
        {{ campaign_key('campaign') }} as campaign,
        {{ currency_of('currency') }} as currency,
        cost,
        spent_on
    from ad_spend
),

costs as (
    select
        source,
        medium,
        campaign,
        currency,
        sum(cost) as cost,
        spent_on
    from named
    group by source, medium, campaign, currency, spent_on
),

-- every source, medium and campaign that a message ever had, with its channel by the rules
arrivals as (
    select distinct
        {{ campaign_key('evidence_classes.source') }} as source,
        {{ campaign_key('evidence_classes.medium') }} as medium,
        {{ campaign_key('evidence_combinations.utm_campaign') }} as campaign,
        evidence_classes.channel
    from evidence_classes
    inner join evidence_combinations on evidence_classes.combination_id = evidence_combinations.combination_id
    where evidence_classes.has_evidence and not evidence_classes.is_direct
),

campaign_channels as (
    select
        source,
        medium,
        campaign,
        min(channel) as channel
    from arrivals
    group by source, medium, campaign
),

medium_channels as (
    select
        source,
        medium,
        min(channel) as channel
    from arrivals
    group by source, medium
    having count(distinct channel) = 1
),

-- a campaign that brought nobody (yet) goes to the one channel of all others with its source and medium
ad_costs as (
    select
        costs.source,
        costs.medium,
        costs.campaign,
        coalesce(
            campaign_channels.channel, medium_channels.channel, {{ quoted(unmatched_spend_name()) }}
        ) as channel,
        costs.currency,
        costs.cost,
        campaign_channels.campaign is not null as is_matched,
        costs.spent_on
    from costs
    left join campaign_channels
        on costs.source = campaign_channels.source
        and costs.medium = campaign_channels.medium
        and costs.campaign = campaign_channels.campaign
    left join medium_channels
        on costs.source = medium_channels.source
        and costs.medium = medium_channels.medium
)

select * from ad_costs
