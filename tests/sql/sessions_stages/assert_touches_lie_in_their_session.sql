-- Every touch lies within the session it names, which is one of the same person.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

touches as (
    select * from {{ ref('touches') }}
)

select touches.* from touches
where not exists (
    select 1 from all_sessions
    where
        all_sessions.alias_id = touches.alias_id
        and all_sessions.session_id = touches.session_id
        and touches.touch_timestamp between all_sessions.session_start and all_sessions.session_end
)
