update {partitioning}.event_names as stored
set
    message_count = stored.message_count - erased.message_count,
    first_occurred_at = case
        when stored.first_occurred_at < erased.first_occurred_at then stored.first_occurred_at else rest.first_occurred_at
    end,
    last_occurred_at = case
        when stored.last_occurred_at > erased.last_occurred_at then stored.last_occurred_at else rest.last_occurred_at
    end
from erased_names as erased
left join (
    select message_type, event_name, min(occurred_at) as first_occurred_at, max(occurred_at) as last_occurred_at
    from (
        select message_type, event_name, occurred_at from {messages}
        union all
        select message_type, event_display_name, occurred_at from {messages}
    ) as named
    where event_name in (select event_name from erased_names)
    group by message_type, event_name
) as rest
    on erased.message_type = rest.message_type and erased.event_name = rest.event_name
where stored.message_type = erased.message_type and stored.event_name = erased.event_name;

delete from {partitioning}.event_names where message_count <= 0;
