{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    post_hook="{{ record_rebuild() }}"
) }}

with messages as (
    select
        *,
        {{ content_hash() }} as content_hash
    from {{ ref('stg_messages') }}
    where reject_reason is not null
),

-- a message that was accepted before is a duplicate here, not a rejected one
stored_ids as (
    {{ stored_ids('messages', [ref('app_tracks'), this if is_incremental() else none, state_table('archived_messages')]) }}
),

{% if is_incremental() -%}
stored_hashes as (
    select content_hash from {{ this }}
    where event_id is null
),

{% endif -%}
new_messages as (
    select * from messages
    where
        not exists (
            select 1 from stored_ids
            where stored_ids.event_id = messages.event_id and stored_ids.message_type = messages.message_type
        )
        {%- if is_incremental() %}
        and not exists (
            select 1 from stored_hashes
            where messages.event_id is null and stored_hashes.content_hash = messages.content_hash
        )
        {%- endif %}
),

-- rows without an id are one message when they agree in everything
ranked_copies as (
    select
        *,
        row_number() over (
            partition by message_type, event_id, case when event_id is null then content_hash end
            order by {{ copy_order() | indent(12) }}
        ) as copy_number
    from new_messages
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
        content_hash,
        {{ current_batch_id() }} as batch_id,
        occurred_at,
        received_at,
        loaded_at
    from ranked_copies
    where copy_number = 1
)

select * from rejected_events
