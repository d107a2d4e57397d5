{{ config(materialized='ephemeral') }}

-- The paths of all persons taken apart: each comes from no channel, moves from channel to channel, and ends in none.
with person_paths as (
    select * from {{ ref('person_paths') }}
),

paths as (
    select
        path,
        count(*) as person_count,
        count(*) filter (where has_signup) as signup_count
    from person_paths
    where touch_count > 0
    group by path
),

places as (
    select
        *,
        {{ items_of('path', 'channel', 'place') }}
    from paths
),

moves as (
    select null as channel, channel as next_channel, person_count, 0 as signup_count from places
    where place = 1
    union all
    select
        channel,
        {{ item_at('path', 'place + 1') }} as next_channel,
        person_count,
        case when {{ item_at('path', 'place + 1') }} is null then signup_count else 0 end as signup_count
    from places
),

channel_moves as (
    select
        channel,
        next_channel,
        sum(person_count) as person_count,
        sum(signup_count) as signup_count
    from moves
    group by channel, next_channel
)

select * from channel_moves
