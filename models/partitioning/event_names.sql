{{ config(incremental_strategy='replace_keys', unique_key=['message_type', 'event_name'], meta={'may_lag': true}) }}

with app_tracks as (
    select * from {{ ref('app_tracks') }}
    where batch_id > {{ applied_batch_id() }} and message_type in ('tracks', 'pages', 'screens')
),

arrived as (
    select
        message_type,
        event_name,
        event_display_name,
        count(*) as message_count,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at
    from app_tracks
    group by message_type, event_name, event_display_name
),

counted as (
    select message_type, event_name, message_count, first_occurred_at, last_occurred_at from arrived
    where event_name is not null
    union all
    select message_type, event_display_name, message_count, first_occurred_at, last_occurred_at from arrived
    where event_display_name is not null
    {%- if is_incremental() %}
    union all
    select message_type, event_name, message_count, first_occurred_at, last_occurred_at from {{ this }}
    where event_name in (select event_name from arrived union all select event_display_name from arrived)
    {%- endif %}
),

event_names as (
    select
        message_type,
        event_name,
        cast(sum(message_count) as bigint) as message_count,
        min(first_occurred_at) as first_occurred_at,
        max(last_occurred_at) as last_occurred_at
    from counted
    group by message_type, event_name
)

select * from event_names
