{{ config(materialized='batched', unique_key=['alias_id', 'currency', 'paid_on'], meta={'always': true},
    indexes=lookup_indexes([['alias_id']])) }}

with revenue as (
    select * from {{ ref('stg_revenue') }}
),

subscriptions as (
    select * from {{ ref('stg_subscriptions') }}
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

newest_message as (
    select max(last_occurred_at) as newest_at from {{ ref('partitions') }}
),

subscription_terms as (
    select
        subscriptions.*,
        newest_message.newest_at,
        case subscriptions.billing_interval when 'week' then 7 else 0 end as period_days,
        case subscriptions.billing_interval when 'week' then 0 when 'year' then 12 else 1 end as period_months
    from subscriptions
    cross join newest_message
    where subscriptions.started_at <= newest_message.newest_at
),

-- no billing period is shorter than a week
numbered_charges as (
    select
        *,
        {{ numbers_up_to(seconds_between('started_at', 'newest_at') ~ ' / 604800') }} as charge_number
    from subscription_terms
),

dated_charges as (
    select
        *,
        started_at
        + charge_number * period_months * interval '1 month' + charge_number * period_days * interval '1 day' as paid_at
    from numbered_charges
),

-- a subscription is paid when it starts and after each billing period, until it ends or the newest message
charges as (
    select * from dated_charges
    where paid_at <= newest_at and (charge_number = 0 or ended_at is null or paid_at < ended_at)
),

payments as (
    select user_id, paid_at, amount, currency from revenue
    union all
    select user_id, paid_at, amount, currency from charges
),

person_revenue as (
    select
        coalesce(persons_of_users.alias_id, payments.user_id, '') as alias_id,
        {{ currency_of('payments.currency') }} as currency,
        sum(payments.amount) as revenue,
        {{ report_date('payments.paid_at') }} as paid_on
    from payments
    left join persons_of_users on payments.user_id = persons_of_users.user_id
    group by 1, 2, 4
)

select * from person_revenue
