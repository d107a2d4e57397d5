with source as (
    {{ business_rows('subscriptions') }}
),

stg_subscriptions as (
    select
        {{ valid_id('user_id') }} as user_id,
        billing_interval,
        currency,
        amount,
        started_at,
        ended_at
    from source
    where amount is not null and started_at is not null and billing_interval is not null
)

select * from stg_subscriptions
