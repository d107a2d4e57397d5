{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key=['alias_id', 'anonymous_id', 'user_id', 'visit_start'],
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([['alias_id'], ['anonymous_id', 'user_id']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

with device_sessions as (
    select * from {{ ref('device_sessions') }}
    {{ of_affected_aliases() }}
),

-- the same merge as on one device, now over all visits of a person
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
        ) as session_number
    from marked
),

session_members as (
    select
        anonymous_id,
        user_id,
        alias_id,
        {{ stamp_id('min(first_event) over (partition by alias_id, session_number)') }} as session_id,
        {{ stamp_url('min(landing_page) over (partition by alias_id, session_number)') }} as landing_page_url,
        cast(session_number as bigint) as session_number,
        max(case when is_identified then 1 else 0 end) over (partition by alias_id) = 1 as is_identified,
        starts_session = 1 as is_session_start,
        min(first_at) over (partition by alias_id, session_number) as session_start,
        first_at as visit_start,
        last_at as visit_end
    from numbered
)

select * from session_members
