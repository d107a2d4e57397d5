update {partitioning}.partitions as stored
set
    row_count = stored.row_count - erased.row_count,
    detached_row_count = stored.detached_row_count - erased.detached_row_count,
    newest_batch_id = coalesce(rest.newest_batch_id, stored.newest_batch_id),
    first_occurred_at = rest.first_occurred_at,
    last_occurred_at = rest.last_occurred_at
from (
    select month, count(*) - sum(is_detached) as row_count, sum(is_detached) as detached_row_count from erased_months
    group by month
) as erased
left join (
    select
        months.month,
        max(messages.batch_id) as newest_batch_id,
        min(messages.occurred_at) as first_occurred_at,
        max(messages.occurred_at) as last_occurred_at
    from (
        select month, lag(month) over (order by month) is null as is_first, lead(month) over (order by month) as next_month
        from {partitioning}.partitions
    ) as months
    inner join (
        select occurred_at, batch_id from {partitioning}.app_tracks
        union all
        select occurred_at, null from {refresh}.archived_messages
    ) as messages
        on (months.is_first or messages.occurred_at >= months.month)
        and (months.next_month is null or messages.occurred_at < months.next_month)
    where months.month in (select month from erased_months)
    group by months.month
) as rest
    on erased.month = rest.month
where stored.month = erased.month;

delete from {partitioning}.partitions where row_count = 0 and detached_row_count = 0;
