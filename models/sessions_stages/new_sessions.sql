{{ config(
    materialized='incremental',
    incremental_strategy='only_new_rows',
    post_hook=["{{ insert_other_parts() }}", "{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

with session_members as (
    select session_members.* from {{ ref('session_members') }} as session_members
    {{ made_again('session_members', 'visit_end') }}
),

device_sessions as (
    select device_sessions.* from {{ ref('device_sessions') }} as device_sessions
    {{ made_again('device_sessions', 'last_at') }}
),

-- materialized: so that few touches are looked up by their person before they are joined
touches as {{ 'materialized' if is_incremental() }} (
    select touches.* from {{ ref('touches') }} as touches
    {{ made_again('touches', 'touch_timestamp') }}
),

visits as (
    select
        session_members.session_id,
        session_members.alias_id,
        session_members.anonymous_id,
        session_members.session_number,
        session_members.is_identified,
        false as is_stored,
        device_sessions.exit_page,
        device_sessions.event_count,
        device_sessions.page_count,
        device_sessions.first_at,
        device_sessions.last_at,
        {{ stamp_time('device_sessions.signup_event') }} as signup_at
    from session_members
    inner join device_sessions
        on session_members.anonymous_id = device_sessions.anonymous_id
        and session_members.user_id = device_sessions.user_id
        and session_members.visit_start = device_sessions.first_at
    {%- if is_incremental() %}
    union all
    -- a sign-up in a session that stays as it is comes before all that are made again
    select
        stored.session_id,
        stored.alias_id,
        '' as anonymous_id,
        stored.session_number,
        stored.is_identified,
        true as is_stored,
        null as exit_page,
        stored.event_count,
        stored.page_count,
        stored.session_start as first_at,
        stored.session_end as last_at,
        stored.signup_timestamp as signup_at
    from {{ stored_relation('useful_sessions') }} as stored
    {{ left_as_it_is('stored', 'session_start') }}
    where stored.is_signup_session
    {%- endif %}
),

sessions as (
    select
        session_id,
        alias_id,
        session_number,
        is_identified,
        is_stored,
        {{ stamp_url('max(exit_page)') }} as exit_page_url,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(page_count) as bigint) as page_count,
        count(distinct nullif(anonymous_id, '')) as anonymous_id_count,
        min(first_at) as session_start,
        max(last_at) as session_end,
        min(signup_at) as signup_timestamp
    from visits
    group by session_id, alias_id, session_number, is_identified, is_stored
),

with_first_signup as (
    select
        *,
        min(signup_timestamp) over (partition by alias_id) as first_signup_timestamp
    from sessions
),

new_sessions as (
    select
        with_first_signup.session_id,
        with_first_signup.alias_id,
        touches.landing_page_url,
        {{ url_path('touches.landing_page_url') }} as landing_page_path,
        with_first_signup.exit_page_url,
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
        with_first_signup.session_number,
        with_first_signup.event_count,
        with_first_signup.page_count,
        with_first_signup.anonymous_id_count,
        {{ seconds_between('with_first_signup.session_start', 'with_first_signup.session_end') }} as duration_seconds,
        with_first_signup.is_identified,
        touches.is_direct,
        touches.is_paid,
        touches.is_untracked,
        with_first_signup.signup_timestamp is not null as has_signup,
        with_first_signup.session_number = 1 as is_first_session,
        coalesce(
            with_first_signup.signup_timestamp = with_first_signup.first_signup_timestamp, false
        ) as is_signup_session,
        with_first_signup.session_start,
        with_first_signup.session_end,
        with_first_signup.signup_timestamp
    from with_first_signup
    -- by the id, which few share: by person, as PostgreSQL may order them, each session would be compared with each
    inner join touches
        on with_first_signup.session_id = touches.touch_id
        and with_first_signup.alias_id is not distinct from touches.alias_id
        and with_first_signup.session_start is not distinct from touches.touch_timestamp
    where not with_first_signup.is_stored
)

select * from new_sessions
{{ in_order_of('session_start') }}
