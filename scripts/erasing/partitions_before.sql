-- What to subtract from partitions, worked out before the messages are deleted. Its first month includes all earlier ones, its last all later ones.
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
