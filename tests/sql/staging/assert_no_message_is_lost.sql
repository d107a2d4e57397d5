-- Every message that the source holds is in app_tracks, in rejected_events, or was detached with its month. Looks at what a
-- refresh would read again (the last reload_overlap_hours); what was loaded after the last refresh cannot be there yet.
with stg_messages as (
    select * from {{ ref('stg_messages') }}
),

app_tracks as (
    select * from {{ ref('app_tracks') }}
),

rejected_events as (
    select * from {{ ref('rejected_events') }}
),

newest_loads as (
    select message_type, source_place, max(newest_loaded_at) as newest_loaded_at from {{ state_table('source_loads') }}
    group by message_type, source_place
),

expected as (
    select distinct stg_messages.message_type, stg_messages.event_id from stg_messages
    inner join newest_loads
        on stg_messages.message_type = newest_loads.message_type
        and stg_messages.source_place = newest_loads.source_place
        and stg_messages.loaded_at <= newest_loads.newest_loaded_at
    where stg_messages.event_id is not null
),

stored as (
    select message_type, event_id from app_tracks
    union all
    select message_type, event_id from rejected_events
    union all
    select message_type, event_id from {{ state_table('archived_messages') }}
),

lost as (
    select * from expected
    where not exists (
        select 1 from stored where stored.event_id = expected.event_id and stored.message_type = expected.message_type
    )
)

select * from lost
