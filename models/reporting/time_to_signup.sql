{{ config(materialized='view') }}

with attribution as (
    select * from {{ ref('attribution') }}
),

measured as (
    select
        coalesce(first_touch_channel, {{ quoted(unattributed_name()) }}) as channel,
        'days' as measure,
        cast(floor(days_to_signup) as integer) as value
    from attribution
    union all
    select
        coalesce(first_touch_channel, {{ quoted(unattributed_name()) }}) as channel,
        'sessions' as measure,
        cast(session_count_before_signup + 1 as integer) as value
    from attribution
),

counted as (
    select
        channel,
        measure,
        value,
        count(*) as signup_count
    from measured
    group by channel, measure, value
),

time_to_signup as (
    select
        channel,
        measure,
        value,
        signup_count,
        cast(signup_count as double precision) / sum(signup_count) over (partition by channel, measure) as share_of_signups,
        cast(sum(signup_count) over (partition by channel, measure order by value) as double precision)
        / sum(signup_count) over (partition by channel, measure) as cumulative_share
    from counted
)

select * from time_to_signup
