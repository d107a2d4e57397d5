-- Each person with a sign-up has one first session and one sign-up session in useful_sessions: one row if they are the same,
-- else two.
with attribution as (
    select * from {{ ref('attribution') }}
),

useful_sessions as (
    select * from {{ ref('useful_sessions') }}
),

counted as (
    select
        alias_id,
        count(*) as row_count,
        count(case when is_first_session then 1 end) as first_count,
        count(case when is_signup_session then 1 end) as signup_count,
        count(case when is_first_session and is_signup_session then 1 end) as both_count
    from useful_sessions
    group by alias_id
)

select coalesce(attribution.alias_id, counted.alias_id) as alias_id, counted.row_count
from attribution
full outer join counted on attribution.alias_id = counted.alias_id
where
    attribution.alias_id is null
    or counted.alias_id is null
    or counted.first_count != 1
    or counted.signup_count != 1
    or counted.row_count != 2 - counted.both_count
    or attribution.signed_up_in_first_session != (counted.both_count = 1)
