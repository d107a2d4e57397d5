-- Whoever has a session with a sign-up event has exactly one sign-up session and exactly one row in attribution; nobody else does.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

signed_up as (
    select
        alias_id,
        min(signup_timestamp) as signup_timestamp,
        count(case when is_signup_session then 1 end) as signup_session_count
    from all_sessions
    where has_signup
    group by alias_id
)

select
    coalesce(signed_up.alias_id, attribution.alias_id) as alias_id,
    signed_up.signup_session_count,
    signed_up.signup_timestamp,
    attribution.signup_timestamp as attributed_signup_timestamp
from signed_up
full outer join attribution on signed_up.alias_id = attribution.alias_id
where
    signed_up.signup_session_count is distinct from 1
    or attribution.signup_timestamp is distinct from signed_up.signup_timestamp
