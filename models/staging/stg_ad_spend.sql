with source as (
    {{ business_rows('ad_spend') }}
),

stg_ad_spend as (
    select
        source.source,
        source.medium,
        source.campaign,
        source.currency,
        source.cost,
        source.date as spent_on
    from source
    where source.cost is not null and source.date is not null
)

select * from stg_ad_spend
