with messages as (
    {%- for collection in collections() %}
    select * from {{ ref('stg_' ~ collection) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

with_valid_ids as (
    select
        *,
        {{ valid_id('event_id') }} as valid_event_id,
        {{ valid_id('anonymous_id') }} as valid_anonymous_id,
        {{ valid_id('user_id') }} as valid_user_id,
        {{ valid_id('previous_id') }} as valid_previous_id,
        {{ is_wrong_clock('claimed_at', 'received_at') }} as is_clock_corrected
    from messages
),

with_times as (
    select
        *,
        case when is_clock_corrected then received_at else claimed_at end as occurred_at
    from with_valid_ids
),

stg_messages as (
    select
        message_type,
        valid_event_id as event_id,
        valid_anonymous_id as anonymous_id,
        valid_user_id as user_id,
        valid_previous_id as previous_id,
        {{ event_columns() | join(', ') }},
        {%- for column in pass_through_columns() %}
        {{ quoted_name(column.name) }},
        {%- endfor %}
        source_place,
        case
            when valid_event_id is null then 'missing_event_id'
            when valid_anonymous_id is null and valid_user_id is null then 'missing_identity'
            when occurred_at is null then 'missing_timestamp'
        end as reject_reason,
        {{ is_session_event() }} as is_session_event,
        is_clock_corrected,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        coalesce(load_time, occurred_at) as loaded_at,
        load_time
    from with_times
)

select * from stg_messages
where {{ is_not_erased() }}
