with partitions as (
    select * from {{ ref('partitions') }}
),

bounds as (
    select
        {{ report_date('min(first_occurred_at)') }} as first_day,
        {{ report_date('max(last_occurred_at)') }} as last_day
    from partitions
),

numbered as (
    select
        first_day,
        {{ numbers_up_to('last_day - first_day') }} as day_number
    from bounds
),

report_days as (
    select cast(first_day + cast(day_number as integer) as date) as day
    from numbered
)

select * from report_days
