-- Which channels bring people who sign up at once, and which bring people who come back first? For the channel of each
-- person's first session: how many persons it brought, how many signed up, and how many of these in that very session.
--
-- How to read it. A channel with a small percent_at_once prepares sign-ups: judged by last touch alone it
-- looks worse than it is. The newest persons still have time to sign up.
--
-- channel: of the first session. persons: their number. signups, percent: of them, who signed up since. at_once,
-- percent_at_once: of these, in the first session.
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
    count(*) as persons,
    count(case when has_signed_up then 1 end) as signups,
    round(100.0 * count(case when has_signed_up then 1 end) / count(*), 1) as percent,
    count(case when signed_up_in_first_session then 1 end) as at_once,
    -- null, not an error, for a channel without sign-ups
    round(
        100.0 * count(case when signed_up_in_first_session then 1 end) / nullif(count(case when has_signed_up then 1 end), 0), 1
    ) as percent_at_once
from persons
group by channel
order by signups desc, channel
