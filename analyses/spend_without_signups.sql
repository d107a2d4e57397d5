-- Where does money go without a sign-up to show for it? Campaigns with costs to which a model of credit gives no sign-up, the
-- costliest first: choose the model with --vars '{credit_model: linear, ...}'; by default the first touch gets all credit.
--
-- How to read it. With assisted above 0 the campaign was part of the path of some who signed up, and another model gives it
-- credit. With 0 it brought nobody so far: look at last_day, as a campaign that began last week has had little time, and at
-- matched. False means that no link had these names: nobody came, or the names in ads and links differ.
--
-- campaign: source, medium and name, as in the ads. currency: of the cost. cost: money spent. assisted: persons who signed up and
-- had a touch of the campaign before. matched: whether any message had these names. last_day: of the costs.
with ad_costs as (
    select * from {{ ref('ad_costs') }}
),

touch_credits as (
    select
        *,
        {{ campaign_key('source') }} as source_key,
        {{ campaign_key('medium') }} as medium_key,
        {{ campaign_key('campaign') }} as campaign_key
    from {{ ref('touch_credits') }}
    where model in ('linear', {{ quoted(var('credit_model', 'first')) }})
),

credited as (
    select
        source_key,
        medium_key,
        campaign_key,
        count(distinct case when model = 'linear' then alias_id end) as assisted_count,
        bool_or(model = {{ quoted(var('credit_model', 'first')) }}) as has_credit
    from touch_credits
    group by source_key, medium_key, campaign_key
),

spent as (
    select
        source,
        medium,
        campaign,
        currency,
        sum(cost) as cost,
        bool_or(is_matched) as is_matched,
        max(spent_on) as last_spent_on
    from ad_costs
    group by source, medium, campaign, currency
)

select
    spent.source || '/' || spent.medium || '/' || spent.campaign as campaign,
    spent.currency,
    round(cast(spent.cost as numeric), 2) as cost,
    coalesce(credited.assisted_count, 0) as assisted,
    spent.is_matched as matched,
    spent.last_spent_on as last_day
from spent
left join credited
    on spent.source = credited.source_key
    and spent.medium = credited.medium_key
    and spent.campaign = credited.campaign_key
where spent.cost > 0 and not coalesce(credited.has_credit, false)
order by spent.cost desc, campaign, spent.currency
