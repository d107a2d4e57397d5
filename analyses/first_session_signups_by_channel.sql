-- Which channels bring people who sign up at once, and which bring people who come back first? For the channel of each
-- person's first session: how many persons it brought, how many signed up, and how many of these in that very session.
--
-- How to read it. A channel with a small percent_of_signups_in_first_session prepares sign-ups: judged by last touch alone it
-- looks worse than it is. The newest persons still have time to sign up.
--
-- channel: of the first session. person_count: persons. signup_count, percent_signed_up: of them, who signed up since.
-- first_session_signup_count, percent_of_signups_in_first_session: of these, in the first session.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

persons as (
    select
        all_sessions.alias_id,
        all_sessions.channel,
        attribution.alias_id is not null as has_signed_up,
        coalesce(attribution.signed_up_in_first_session, false) as signed_up_in_first_session
    from all_sessions
    left join attribution on all_sessions.alias_id = attribution.alias_id
    where all_sessions.is_first_session
)

select
    channel,
    count(*) as person_count,
    count(case when has_signed_up then 1 end) as signup_count,
    count(case when signed_up_in_first_session then 1 end) as first_session_signup_count,
    round(100.0 * count(case when has_signed_up then 1 end) / count(*), 1) as percent_signed_up,
    -- null, not an error, for a channel without sign-ups
    round(
        100.0 * count(case when signed_up_in_first_session then 1 end) / nullif(count(case when has_signed_up then 1 end), 0), 1
    ) as percent_of_signups_in_first_session
from persons
group by channel
order by signup_count desc, channel
