{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    post_hook=["{{ record_rebuild() }}", "{{ empty_when_applied('new_messages', message_stores()) }}"]
) }}

with new_messages as (
    {{ unapplied('new_messages', companion='repeated_messages') }}
),

repeated_messages as (
    {{ unapplied('repeated_messages') }}
),

counted_messages as (
    {{ messages_that_count() }}
),

rejected as (
    select
        *,
        {{ content_hash() }} as content_hash
    from counted_messages
    where reject_reason is not null
),

-- rows without an id are one message when they agree in everything
numbered as (
    select
        *,
        case
            when event_id is null
                then row_number() over (
                    partition by message_type, event_id, content_hash order by loaded_at, source_place
                )
            else 1
        end as copy_number
    from rejected
),

rejected_events as (
    select
        message_type,
        event_id,
        reject_reason as reason,
        anonymous_id,
        user_id,
        event_name,
        page_url,
        source_place,
        content_hash,
        batch_id,
        occurred_at,
        received_at,
        loaded_at
    from numbered
    where
        copy_number = 1
    {%- if is_incremental() %}
        and not (event_id is null and content_hash in (select content_hash from {{ this }}))
    {%- endif %}
)

select * from rejected_events
