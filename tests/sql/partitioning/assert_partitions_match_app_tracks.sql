-- partitions says of each month what app_tracks has of it: as many messages, none outside the month's first and last time,
-- none that a later refresh added.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

partitions as (
    select * from {{ ref('partitions') }}
),

counted as (
    select
        {{ partition_month('occurred_at') }} as month,
        count(*) as row_count,
        max(batch_id) as newest_batch_id,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at
    from app_tracks
    group by {{ partition_month('occurred_at') }}
)

select
    coalesce(partitions.month, counted.month) as month,
    partitions.row_count as listed_row_count,
    counted.row_count
from partitions
full outer join counted on partitions.month = counted.month
where
    partitions.month is null
    or partitions.row_count != coalesce(counted.row_count, 0)
    or (partitions.detached_row_count = 0 and counted.month is null)
    or counted.first_occurred_at < partitions.first_occurred_at
    or counted.last_occurred_at > partitions.last_occurred_at
    or counted.newest_batch_id > partitions.newest_batch_id
