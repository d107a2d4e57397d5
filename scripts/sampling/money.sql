-- What ads cost, and what those who signed up pay. The figures are made up.

-- query: ad_spend
-- Money for a click by the medium of its campaign, a little more or less from day to day.
with clicks as (
    select
        received_at::date as date, context_campaign_source as source, context_campaign_medium as medium,
        context_campaign_name as campaign, count(*) as clicks
    from read_parquet($pages, union_by_name => true)
    where context_campaign_medium in ('cpc', 'paid_social', 'cpm', 'display') and received_at::date <= $until
    group by all
)
select date, source, medium, campaign, 'USD' as currency, round(clicks * (0.8 + day(date) * 7 % 10 * 0.04) *
    case medium when 'cpc' then 2.4 when 'paid_social' then 1.6 when 'cpm' then 3.1 else 0.9 end, 2) as cost
from clicks order by all

-- query: subscriptions
-- Three in ten of those who sign up pay, by the month, up to four days later.
select
    user_id, min(timestamp) + to_days((hash(user_id, 'start') % 5)::integer) as started_at,
    'month' as billing_interval,
    [29, 79, 199][1 + (hash(user_id, 'plan') % 3)::integer] as amount, 'USD' as currency
from read_parquet($tracks, union_by_name => true)
where event = 'signed_up' and user_id like 'u1%' -- some ids stand for none
    and hash(user_id, 'pays') % 10 < 3 and received_at::date <= $until
group by user_id order by user_id
