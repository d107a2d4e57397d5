-- Which sign-ups would be counted twice? Persons with more than one sign-up event, because the event is sent by both page
-- and server, again on another device, or after an account was deleted. `attribution` has one row for each person: the first one.
--
-- How to read it. `surplus` is by how much a count of events exceeds the sign-ups. Much of it within minutes: the event
-- is sent twice. On several devices: it is sent at each first sign-in. After many days: people sign up again.
--
-- alias_id: the person. events: sign-up events of different ids (copies of one message are stored once). devices: anonymous ids
-- they came from. first_day: of the sign-up that counts. minutes: from the first event to the last. surplus: events after the
-- first one, of all persons.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
    where signup_event is not null
),

signup_events as (
    select
        event_id,
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        occurred_at
    from app_tracks
    where is_session_event and {{ is_event_named(listed('signup_events')) }}
),

-- a visit says whose its messages are
of_persons as (
    select
        device_sessions.alias_id,
        signup_events.anonymous_id,
        signup_events.occurred_at
    from signup_events
    inner join device_sessions
        on signup_events.anonymous_id = device_sessions.anonymous_id
        and signup_events.user_id = device_sessions.user_id
        and signup_events.occurred_at between device_sessions.first_at and device_sessions.last_at
),

persons as (
    select
        alias_id,
        count(*) as signup_event_count,
        count(distinct nullif(anonymous_id, '')) as device_count,
        min(occurred_at) as first_signup_at,
        max(occurred_at) as last_signup_at
    from of_persons
    group by alias_id
    having count(*) > 1
)

select
    alias_id,
    signup_event_count as events,
    device_count as devices,
    cast(first_signup_at as date) as first_day,
    round(cast({{ seconds_between('first_signup_at', 'last_signup_at') }} / 60 as numeric), 1) as minutes,
    cast(sum(signup_event_count - 1) over () as bigint) as surplus
from persons
order by signup_event_count desc, alias_id
