with source as (
    {{ business_rows('revenue') }}
),

stg_revenue as (
    select
        {{ valid_id('user_id') }} as user_id,
        currency,
        amount,
        paid_at
    from source
    where amount is not null and paid_at is not null
)

select * from stg_revenue
