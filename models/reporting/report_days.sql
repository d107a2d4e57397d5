with partitions as (
    select * from {{ ref('partitions') }}
),

bounds as (
    select
        {{ report_date('min(first_occurred_at)') }} as first_day,
        {{ report_date('max(last_occurred_at)') }} as last_day
    from partitions
),

report_days as (
    select {{ each_day('first_day', 'last_day') }} as day from bounds
)

select * from report_days
