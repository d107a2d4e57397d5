-- What partitions loses, before the messages go: its first month stands for all before it, and the last for all after it.
create temporary table erased_months as
select
    (
        select coalesce(max(months.month) filter (where months.month <= erased.occurred_at), min(months.month))
        from {partitioning}.partitions as months
    ) as month,
    erased.is_detached
from (
    select message_type, event_id, occurred_at, 0 as is_detached from {partitioning}.app_tracks
    union all
    select message_type, event_id, occurred_at, 1 from {refresh}.archived_messages
) as erased
where (erased.message_type, erased.event_id) in (select message_type, event_id from erased_messages where event_id is not null);
