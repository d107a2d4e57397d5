-- Do messages come in evenly? For each day, from the first to the newest, how many messages of each collection happened, so that
-- days without any, days that were loaded twice and collections that begin late stand out.
--
-- How to read it. A day with a small percent_of_usual lacks messages or was a holiday: compare the same day of the week. The
-- newest day is not over. Messages that come late fill their day up afterwards (see late_messages_by_week).
--
-- day: UTC. messages: all of them. tracks, views: of these collections, a view is a page or a screen. devices: different anonymous
-- ids. percent_of_usual: messages by the average of the days of the same weekday in the four weeks before.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

partitions as (
    select * from {{ ref('partitions') }}
),

bounds as (
    select
        cast(min(first_occurred_at) as date) as first_day,
        cast(max(last_occurred_at) as date) as last_day
    from partitions
),

days as (
    select
        first_day,
        {{ numbers_up_to('last_day - first_day') }} as day_number
    from bounds
),

counted as (
    select
        cast(occurred_at as date) as day,
        count(*) as message_count,
        count(case when message_type = 'tracks' then 1 end) as track_count,
        count(case when message_type in ('pages', 'screens') then 1 end) as view_count,
        count(distinct anonymous_id) as device_count
    from app_tracks
    group by cast(occurred_at as date)
),

filled as (
    select
        cast(days.first_day + cast(days.day_number as integer) as date) as day,
        coalesce(counted.message_count, 0) as message_count,
        coalesce(counted.track_count, 0) as track_count,
        coalesce(counted.view_count, 0) as view_count,
        coalesce(counted.device_count, 0) as device_count
    from days
    left join counted on cast(days.first_day + cast(days.day_number as integer) as date) = counted.day
),

compared as (
    select
        *,
        avg(message_count) over (
            partition by extract(dow from day) order by day rows between 4 preceding and 1 preceding
        ) as usual_count
    from filled
)

select
    day,
    message_count as messages,
    track_count as tracks,
    view_count as views,
    device_count as devices,
    round(cast(100.0 * message_count / nullif(usual_count, 0) as numeric), 1) as percent_of_usual
from compared
order by day
