-- The classic pipeline, to be measured against: join every event of all history to its person, order all events by window
-- functions, and aggregate. It has to do all of that again each day, because a new sign-up changes whose old events are
-- whose. Runs on DuckDB and PostgreSQL; gives the sessions of identity_policy 'last' (one owner for each anonymous id).
-- {is_in_part}: true, or a condition on the person where the memory does not suffice for all of them at once.
create table classic_sessions as
with aliased as (
    select
        app_tracks.event_id,
        app_tracks.message_type,
        app_tracks.page_url,
        app_tracks.occurred_at,
        coalesce(app_tracks.user_id, aliases.alias_id, app_tracks.anonymous_id) as alias_id
    from partitioning.app_tracks
    left join aliasing.aliases on aliases.id_type = 'anonymous_id' and aliases.id = app_tracks.anonymous_id
    where app_tracks.is_session_event
),

of_part as (
    select * from aliased
    where {is_in_part}
),

lagged as (
    select
        *,
        lag(occurred_at) over (partition by alias_id order by occurred_at, event_id) as previous_at
    from of_part
),

numbered as (
    select
        *,
        sum(case when occurred_at <= previous_at + interval '20 minutes' then 0 else 1 end) over (
            partition by alias_id order by occurred_at, event_id rows unbounded preceding
        ) as session_number
    from lagged
)

select
    alias_id,
    session_number,
    (array_agg(event_id order by occurred_at, event_id))[1] as session_id,
    (array_agg(page_url order by occurred_at, event_id) filter (where page_url is not null))[1] as landing_page_url,
    (array_agg(page_url order by occurred_at desc, event_id desc) filter (where page_url is not null))[1] as exit_page_url,
    count(*) as event_count,
    count(case when message_type in ('pages', 'screens') then 1 end) as page_count,
    min(occurred_at) as session_start,
    max(occurred_at) as session_end
from numbered
group by alias_id, session_number;
