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

accumulated as (
    select
        *,
        cast(sum(signup_count) over channels as double precision) as all_signup_count,
        sum(signup_count) over values_of_channels as signup_count_so_far
    from counted
    window
        channels as (partition by channel, measure),
        values_of_channels as (partition by channel, measure order by value)
),

time_to_signup as (
    select
        channel,
        measure,
        value,
        signup_count,
        signup_count / all_signup_count as share_of_signups,
        signup_count_so_far / all_signup_count as cumulative_share
    from accumulated
)

select * from time_to_signup
