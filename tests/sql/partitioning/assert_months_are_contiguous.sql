-- No month is missing between the first and the last, unless nothing happened in it: a month that partitions does not list must
-- be one without a visit, and one that the source, as far as a refresh would read it again, has no usable message of.
with partitions as (
    select * from {{ ref('partitions') }}
),

stg_messages as (
    select * from {{ ref('stg_messages') }}
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
),

bounds as (
    select min(month) as first_month, max(month) as last_month from partitions
),

days as (
    select {{ each_day('first_month', 'last_month') }} as day from bounds
),

months as (
    select distinct {{ period_start("'month'", 'day') }} as month from days
),

active_months as (
    select distinct {{ partition_month('occurred_at') }} as month from stg_messages
    where reject_reason is null
    union
    select distinct {{ partition_month('first_at') }} as month from device_sessions
)

select months.month from months
inner join active_months on months.month = active_months.month
where months.month not in (select month from partitions)
