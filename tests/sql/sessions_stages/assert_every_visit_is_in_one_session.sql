-- Every visit on a device is part of exactly one session, one of the same person, and no session has a visit that does not exist.
with device_sessions as (
    select * from {{ ref('device_sessions') }}
),

session_visits as (
    select * from {{ ref('session_visits') }}
),

memberships as (
    select anonymous_id, user_id, first_at as visit_start, last_at as visit_end, alias_id, 1 as visit_count, 0 as member_count
    from device_sessions
    union all
    select anonymous_id, user_id, visit_start, visit_end, alias_id, 0, 1
    from session_visits
)

select anonymous_id, user_id, visit_start, visit_end, alias_id, sum(visit_count) as visit_count, sum(member_count) as member_count
from memberships
group by anonymous_id, user_id, visit_start, visit_end, alias_id
having sum(visit_count) != 1 or sum(member_count) != 1
