-- How late do messages arrive? For each week, how long after they happened messages were loaded. Late messages change
-- sessions of the past, so this tells after how many days the figures of a day may be called final.
--
-- How to read it. Where `in_a_day` is near 100, yesterday's figures hardly change any more. Lateness of many days in
-- all weeks comes from devices that were offline; in one week alone from a load that failed and was repeated.
--
-- week: Monday, UTC, of when messages happened. messages: of all collections. in_an_hour, in_a_day, after_a_week: percent of them
-- that were loaded so long after they happened. latest_hours: the latest one.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

delays as (
    select
        cast(date_trunc('week', occurred_at) as date) as week,
        {{ seconds_between('occurred_at', 'loaded_at') }} / 3600 as hours_late
    from app_tracks
)

select
    week,
    count(*) as messages,
    round(100.0 * count(case when hours_late <= 1 then 1 end) / count(*), 1) as in_an_hour,
    round(100.0 * count(case when hours_late <= 24 then 1 end) / count(*), 1) as in_a_day,
    round(100.0 * count(case when hours_late > 168 then 1 end) / count(*), 2) as after_a_week,
    round(cast(max(hours_late) as numeric), 1) as latest_hours
from delays
group by week
order by week
