{{ config(unique_key=['alias_id', 'anonymous_id', 'user_id', 'visit_start'],
    meta={'since': 'visit_end'},
    indexes=lookup_indexes([['alias_id', 'visit_end'], ['anonymous_id', 'user_id', 'visit_end']])) }}

with device_sessions as (
    select device_sessions.* from {{ ref('device_sessions') }} as device_sessions
    {{ of_changed_persons('device_sessions', 'last_at') }}
),

earlier_sessions as (
    {{ last_before_the_change(this, 'visit_end', {'session_number': 0, 'is_identified': false}) }}
),

-- the same merge as on one device, now across all visits of a person
marked as (
    select
        *,
        case
            when first_at <= max(last_at) over (
                partition by alias_id order by first_at, first_event
                rows between unbounded preceding and 1 preceding
            ) + {{ session_gap() }} then 0
            else 1
        end as starts_session
    from device_sessions
),

numbered as (
    select
        *,
        sum(starts_session) over (
            partition by alias_id order by first_at, first_event rows unbounded preceding
        ) as session_number,
        -- here, because both need the visits sorted by person
        bool_or(is_identified) over (partition by alias_id) as is_person_identified
    from marked
),

session_visits as (
    select
        numbered.anonymous_id,
        numbered.user_id,
        numbered.alias_id,
        {{ stamp_id('min(numbered.first_event) over session_visits') }} as session_id,
        {{ stamp_url('min(numbered.landing_page) over session_visits') }} as landing_page_url,
        cast(coalesce(earlier_sessions.session_number, 0) + numbered.session_number as bigint) as session_number,
        coalesce(earlier_sessions.is_identified, false) or numbered.is_person_identified as is_identified,
        bool_and(numbered.seen_at is null) over session_visits as is_untracked,
        numbered.starts_session = 1 as is_session_start,
        min(numbered.first_at) over session_visits as session_start,
        numbered.first_at as visit_start,
        numbered.last_at as visit_end
    from numbered
    left join earlier_sessions on numbered.alias_id = earlier_sessions.alias_id
    window session_visits as (partition by numbered.alias_id, numbered.session_number)
)

select * from session_visits
{{ hint_in_order_of('visit_start') }}
