-- Every session event is in exactly one session: the sum of event_count is the number of session events. Of detached months
-- only their messages' ids are left, not whether each was a session event, so they widen the bound by what they may have held.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
),

all_sessions as (
    select * from {{ ref('all_sessions') }}
),

messages as (
    select count(*) as event_count from app_tracks
    where is_session_event
),

detached_messages as (
    select count(*) as event_count from {{ state_table('archived_messages') }}
    where message_type in ('tracks', 'pages', 'screens')
),

visits as (
    select coalesce(sum(event_count), 0) as event_count from device_sessions
),

sessions as (
    select coalesce(sum(event_count), 0) as event_count from all_sessions
)

select
    messages.event_count as message_count,
    detached_messages.event_count as detached_message_count,
    visits.event_count as visit_event_count,
    sessions.event_count as session_event_count
from messages
cross join detached_messages
cross join visits
cross join sessions
where
    sessions.event_count != visits.event_count
    or sessions.event_count not between messages.event_count and messages.event_count + detached_messages.event_count
