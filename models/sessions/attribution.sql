{{ config(unique_key='alias_id', meta={'conversion': 'signup'},
    indexes=lookup_indexes([['alias_id'], ['signup_timestamp'], ['first_touch_channel'], ['last_touch_channel']])) }}

-- depends_on: {{ ref('changed_persons') }} {{ ref('person_changes') }}
with batch_sessions as (
    {{ new_rows_of('batch_sessions') }}
),

-- sessions of changed persons: those of the batch, and those before the change
-- (not materialized, so that each use reads only the columns it needs)
all_sessions as not materialized (
    select alias_id, session_id, session_number, is_first_session, is_signup_session, session_start, signup_timestamp
    from batch_sessions
    {%- if is_incremental() %}
    union all
    select
        stored.alias_id, stored.session_id, stored.session_number, stored.is_first_session, stored.is_signup_session,
        stored.session_start, stored.signup_timestamp
    from {{ stored_relation('all_sessions') }} as stored
    {{ before_the_change('stored', 'session_start') }}
    {%- endif %}
),

counted_touches as (
    select * from {{ ref('counted_touches') }}
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
),

-- (materialized, as four queries read it and each would go through all sessions)
signups as materialized (
    select alias_id, session_id, session_number, signup_timestamp from all_sessions
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
        min(device_sessions.landing_page) as landing_page,
        min(device_sessions.blog_page) as blog_page,
        min(device_sessions.signup_event) as signup_event,
        min(device_sessions.seen_at) as seen_at
    from signups
    inner join device_sessions on signups.alias_id = device_sessions.alias_id
    group by signups.alias_id
),

signup_touches as (
    select counted_touches.* from counted_touches
    inner join signups on counted_touches.alias_id = signups.alias_id
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
    from signup_touches
    group by alias_id
),

attribution as (
    select
        signups.alias_id,
        signups.session_id as signup_session_id,
        -- if the first blog page came after the sign-up, so did all others
        case
            when first_events.blog_page <= first_events.signup_event then {{ stamp_url('first_events.blog_page') }}
        end as blog_url,
        {{ stamp_url('first_events.landing_page') }} as first_page_ever_visited,
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
    left join first_events on signups.alias_id = first_events.alias_id
)

select * from attribution
