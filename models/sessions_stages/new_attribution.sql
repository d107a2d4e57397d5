{{ config(
    materialized='incremental',
    incremental_strategy='only_new_rows',
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- not materialized: so that each use reads only what it needs
with all_sessions as not materialized (
    {{ sessions_to_be() }}
),

useful_sessions as not materialized (
    {{ sessions_to_be('useful_sessions') }}
),

touches as (
    select * from {{ ref('touches') }}
),

device_sessions as not materialized (
    select * from {{ ref('device_sessions') }}
),

signups as (
    select alias_id, session_id, session_number, signup_timestamp from useful_sessions
    where is_signup_session
),

first_sessions as (
    select all_sessions.alias_id, all_sessions.session_start
    from signups
    inner join all_sessions on signups.alias_id = all_sessions.alias_id
    where all_sessions.is_first_session
),

first_events as (
    select
        signups.alias_id,
        {{ stamp_url('min(device_sessions.landing_page)') }} as first_page_ever_visited,
        min(device_sessions.signup_event) as signup_event,
        min(device_sessions.seen_at) as seen_at
    from signups
    inner join device_sessions on signups.alias_id = device_sessions.alias_id
    group by signups.alias_id
),

blog_pages as (
    select
        first_events.alias_id,
        {{ stamp_url('min(device_sessions.blog_page)') }} as blog_url
    from first_events
    inner join device_sessions
        on first_events.alias_id = device_sessions.alias_id
        and device_sessions.blog_page <= first_events.signup_event
    group by first_events.alias_id
),

counted_touches as (
    {{ counted_touches('signups') }}
),

{% set choices = {
    'first_touch': 'place = 1',
    'last_touch': 'place_from_end = 1',
    'first_attributed_touch': 'is_attributed and attributed_place = 1',
    'last_attributed_touch': 'is_attributed and attributed_place_from_end = 1'
} -%}
chosen_touches as (
    select
        alias_id
        {%- for choice, condition in choices.items() %}
        {%- for name, column in touch_facts().items() %},
        max(case when {{ condition }} then {{ column }} end) as {{ choice }}_{{ name }}
        {%- endfor %}
        {%- endfor %}
    from counted_touches
    group by alias_id
),

new_attribution as (
    select
        signups.alias_id,
        signups.session_id as signup_session_id,
        blog_pages.blog_url,
        first_events.first_page_ever_visited,
        case
            when first_events.seen_at <= signups.signup_timestamp then 'browser_before' else 'none'
        end as signup_evidence,
        signups.session_number - 1 as session_count_before_signup,
        {{ days_between('first_sessions.session_start', 'signups.signup_timestamp') }} as days_to_signup,
        signups.session_number = 1 as signed_up_in_first_session,
        signups.signup_timestamp
        {%- for choice in choices %}
        {%- for name in touch_facts() %},
        chosen_touches.{{ choice }}_{{ name }}
        {%- endfor %}
        {%- endfor %}
    from signups
    inner join first_sessions on signups.alias_id = first_sessions.alias_id
    left join chosen_touches on signups.alias_id = chosen_touches.alias_id
    left join blog_pages on signups.alias_id = blog_pages.alias_id
    left join first_events on signups.alias_id = first_events.alias_id
)

select * from new_attribution
