-- In each model and kind of period, campaigns and channels add up to all sign-ups, and in each currency to all costs and revenue.
with marts as (
    {% for mart in ['campaign_performance', 'channel_performance'] -%}
    select '{{ mart }}' as mart, model, period_type, currency, signups, cost, revenue from {{ ref(mart) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

kinds as (
    select distinct mart, model, period_type from marts
),

signups as (
    select 'signups' as what, '' as currency, count(*) as amount from {{ ref('attribution') }}
),

costs as (
    select 'cost' as what, currency, sum(cost) as amount from {{ ref('ad_costs') }}
    group by currency
),

revenues as (
    select 'revenue' as what, currency, sum(revenue) as amount from {{ ref('person_revenue') }}
    group by currency
),

wanted as (
    select * from signups
    union all
    select * from costs
    union all
    select * from revenues
),

found as (
    select mart, model, period_type, 'signups' as what, '' as currency, sum(signups) as amount from marts
    group by mart, model, period_type
    union all
    select mart, model, period_type, 'cost' as what, currency, sum(cost) as amount from marts
    group by mart, model, period_type, currency
    union all
    select mart, model, period_type, 'revenue' as what, currency, sum(revenue) as amount from marts
    group by mart, model, period_type, currency
)

select kinds.*, wanted.what, wanted.currency, wanted.amount, found.amount as found_amount
from kinds
cross join wanted
left join found
    on kinds.mart = found.mart and kinds.model = found.model and kinds.period_type = found.period_type
    and wanted.what = found.what and wanted.currency = found.currency
where abs(wanted.amount - coalesce(found.amount, 0)) > 1e-6 * (1 + abs(wanted.amount))
