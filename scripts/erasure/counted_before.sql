-- What the tables that count messages lose, before the messages go.

create temporary table erased_names as
select
    message_type,
    event_name,
    count(*) as message_count,
    min(occurred_at) as first_occurred_at,
    max(occurred_at) as last_occurred_at
from (
    select message_type, event_id, event_name, occurred_at from {messages} where event_name is not null
    union all
    select message_type, event_id, event_display_name, occurred_at from {messages} where event_display_name is not null
) as named
where
    message_type in ('tracks', 'pages', 'screens')
    and (message_type, event_id) in (select message_type, event_id from erased_messages where event_id is not null)
group by message_type, event_name;

-- The first month of partitions stands for all before it, and the last for all after it.
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
