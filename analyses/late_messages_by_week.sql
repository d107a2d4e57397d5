-- How late do messages arrive? For each week, how long after they happened messages were loaded. Late messages change
-- sessions of the past, so this tells after how many days the figures of a day may be called final.
--
-- How to read it. Where percent_within_24_hours is near 100, yesterday's figures hardly change any more. Lateness of many days in
-- all weeks comes from devices that were offline; in one week alone from a load that failed and was repeated.
--
-- week: Monday, UTC, of when messages happened. message_count: of all collections. percent_within_1_hour, percent_within_24_hours,
-- percent_after_7_days: of them, loaded so long after they happened. latest_hours: the latest one.
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
    count(*) as message_count,
    round(100.0 * count(case when hours_late <= 1 then 1 end) / count(*), 1) as percent_within_1_hour,
    round(100.0 * count(case when hours_late <= 24 then 1 end) / count(*), 1) as percent_within_24_hours,
    round(100.0 * count(case when hours_late > 168 then 1 end) / count(*), 2) as percent_after_7_days,
    round(cast(max(hours_late) as numeric), 1) as latest_hours
from delays
group by week
order by week
