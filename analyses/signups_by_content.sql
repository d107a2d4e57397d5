-- Which ad or link of a campaign brings the sign-ups? For each utm_content and utm_term of each campaign the sign-ups by one model of
-- credit: choose it with --vars '{credit_model: linear, ...}'; by default the first touch gets all credit.
--
-- How to read it. content tells the ads or links of a campaign apart, term the keyword. Compare them within one campaign only. Costs
-- are known by campaign, not by ad, so there are none here.
--
-- campaign: source, medium and name, as in the links. content, term: as there. Each part is (none) where there is none. signups:
-- credit, so it may be a fraction. payers: the part of it of persons who have paid more than they got back.
with touch_credits as (
    select * from {{ ref('touch_credits') }}
    where model = {{ quoted(var('credit_model', 'first')) }} and campaign is not null
),

person_revenue as (
    select * from {{ ref('person_revenue') }}
),

payers as (
    select distinct alias_id from person_revenue
    group by alias_id, currency
    having sum(revenue) > 0
)

select
    coalesce(touch_credits.source, '(none)') || '/' || coalesce(touch_credits.medium, '(none)')
    || '/' || touch_credits.campaign as campaign,
    coalesce(touch_credits.content, '(none)') as content,
    coalesce(touch_credits.term, '(none)') as term,
    round(cast(sum(touch_credits.credit) as numeric), 2) as signups,
    round(cast(sum(case when payers.alias_id is not null then touch_credits.credit else 0 end) as numeric), 2) as payers
from touch_credits
left join payers on touch_credits.alias_id = payers.alias_id
group by 1, 2, 3
order by signups desc, campaign, content, term
