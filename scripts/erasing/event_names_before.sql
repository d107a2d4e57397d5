-- What to subtract from event_names, worked out before the messages are deleted.
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
