-- No message is both accepted and rejected.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

rejected_events as (
    select * from {{ ref('rejected_events') }}
)

select
    rejected_events.message_type,
    rejected_events.event_id
from rejected_events
inner join app_tracks
    on rejected_events.event_id = app_tracks.event_id and rejected_events.message_type = app_tracks.message_type
