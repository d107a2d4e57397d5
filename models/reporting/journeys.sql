with person_paths as (
    select * from {{ ref('person_paths') }}
    where has_signup
),

attribution as (
    select * from {{ ref('attribution') }}
),

-- whole numbers (microseconds), so that the last digit does not depend on the order in which an engine adds them up
waits as (
    select
        person_paths.path,
        person_paths.touch_count,
        cast(round(attribution.days_to_signup * 86400000000) as bigint) as microseconds
    from person_paths
    inner join attribution on person_paths.alias_id = attribution.alias_id
),

journeys as (
    select
        array_to_string(path, ' > ') as path,
        count(*) as signup_count,
        cast(count(*) as double precision) / sum(count(*)) over () as share_of_signups,
        cast(sum(touch_count) as double precision) / count(*) as average_touch_count,
        cast(sum(microseconds) as double precision) / count(*) / 86400000000 as average_days,
        percentile_cont(0.5) within group (order by cast(microseconds as double precision)) / 86400000000 as median_days
    from waits
    group by path
)

select * from journeys
