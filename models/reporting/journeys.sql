{{ config(materialized='view') }}

with person_paths as (
    select * from {{ ref('person_paths') }}
    where has_signup
),

attribution as (
    select * from {{ ref('attribution') }}
),

journeys as (
    select
        array_to_string(person_paths.path, ' > ') as path,
        count(*) as signup_count,
        cast(count(*) as double precision) / sum(count(*)) over () as share_of_signups,
        cast(avg(person_paths.touch_count) as double precision) as average_touch_count,
        avg(attribution.days_to_signup) as average_days,
        percentile_cont(0.5) within group (order by attribution.days_to_signup) as median_days
    from person_paths
    inner join attribution on person_paths.alias_id = attribution.alias_id
    group by person_paths.path
)

select * from journeys
