-- Every session has exactly one entry among its touches, at its start.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

touches as (
    select * from {{ ref('touches') }}
)

select
    all_sessions.alias_id,
    all_sessions.session_number,
    count(touches.touch_id) as entry_count
from all_sessions
left join touches
    on all_sessions.alias_id = touches.alias_id
    and all_sessions.session_id = touches.touch_id
    and all_sessions.session_start = touches.touch_timestamp
group by all_sessions.alias_id, all_sessions.session_number
having count(touches.touch_id) != 1
