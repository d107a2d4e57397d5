{{ config(meta={'holds_all_for_rebuilt': true, 'for_all_or_none': true}) }}

-- The sessions of changed persons, from the change on: all_sessions gets them when attribution changes.
with session_visits as (
    select session_visits.* from {{ batch_rows('session_visits') }} as session_visits
    where {{ of_this_part(ref('session_visits'), 'alias_id') }}
),

device_sessions as (
    select device_sessions.* from {{ ref('device_sessions') }} as device_sessions
    {{ of_changed_persons('device_sessions', 'last_at') }}
),

-- a later touch may have the id and the time of its session's entry, if they are events of two collections
touches as (
    select
        touches.*,
        row_number() over (partition by touches.alias_id, touches.touch_timestamp order by touches.touch_number) as nth
    from {{ batch_rows('touches') }} as touches
    where touches.touch_id = touches.session_id and {{ of_this_part(ref('touches'), 'touches.alias_id') }}
),

-- a sign-up before the change stays as it is, and comes before all others
earlier_signups as (
    {{ last_before_the_change(
        stored_relation('attribution'), 'signup_timestamp', {'signup_timestamp': 'cast(null as timestamp)'}) }}
),

visits as (
    select
        session_visits.session_id,
        session_visits.alias_id,
        session_visits.anonymous_id,
        session_visits.session_number,
        session_visits.is_identified,
        device_sessions.exit_page,
        device_sessions.event_count,
        device_sessions.page_count,
        device_sessions.first_at,
        device_sessions.last_at,
        {{ stamp_time('device_sessions.signup_event') }} as signup_at
    from session_visits
    inner join device_sessions
        on session_visits.anonymous_id = device_sessions.anonymous_id
        and session_visits.user_id = device_sessions.user_id
        and session_visits.visit_start = device_sessions.first_at
),

sessions as (
    select
        session_id,
        alias_id,
        session_number,
        is_identified,
        {{ stamp_url('max(exit_page)') }} as exit_page_url,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(page_count) as bigint) as page_count,
        count(distinct nullif(anonymous_id, '')) as anonymous_id_count,
        min(first_at) as session_start,
        max(last_at) as session_end,
        min(signup_at) as signup_timestamp
    from visits
    group by session_id, alias_id, session_number, is_identified
),

-- one list instead of a join: PostgreSQL takes the sessions for few, and would go through all earlier sign-ups for each
with_signup as (
    select *, min(signup_timestamp) over (partition by alias_id) as first_signup_timestamp
    from (
        select * from sessions
        union all
        select null, alias_id, null, null, null, null, null, null, null, null, signup_timestamp from earlier_signups
    ) as sessions_and_signups
),

batch_sessions as (
    select
        with_signup.session_id,
        with_signup.alias_id,
        touches.landing_page_url,
        {{ url_path('touches.landing_page_url') }} as landing_page_path,
        with_signup.exit_page_url,
        touches.source,
        touches.medium,
        touches.campaign,
        touches.term,
        touches.content,
        touches.referrer,
        touches.referrer_host,
        touches.click_id_name,
        touches.click_id,
        touches.channel,
        with_signup.session_number,
        with_signup.event_count,
        with_signup.page_count,
        with_signup.anonymous_id_count,
        {{ seconds_between('with_signup.session_start', 'with_signup.session_end') }} as duration_seconds,
        with_signup.is_identified,
        touches.is_direct,
        touches.is_paid,
        touches.is_untracked,
        with_signup.signup_timestamp is not null as has_signup,
        with_signup.session_number = 1 as is_first_session,
        coalesce(with_signup.signup_timestamp = with_signup.first_signup_timestamp, false) as is_signup_session,
        {{ current_batch_id() }} as batch_id,
        with_signup.session_start,
        with_signup.session_end,
        with_signup.signup_timestamp
    from with_signup
    -- by the id, which few share: joined by person, as PostgreSQL may do, each session would meet every other
    inner join touches
        on with_signup.session_id = touches.touch_id
        and with_signup.alias_id is not distinct from touches.alias_id
        and with_signup.session_start is not distinct from touches.touch_timestamp
        and touches.nth = 1
)

select * from batch_sessions
{{ hint_in_order_of('session_start') }}
