{{ config(meta={'holds_all_for_rebuilt': true}) }}

-- depends_on: {{ ref('known_messages') }}
-- Sources are read once, here; what is stored already is left out.
with messages as (
    select * from {{ ref('stg_messages') }}
),

batch_messages as (
    select
        {{ stored_columns() }},
        reject_reason,
        load_time,
        {{ current_batch_id() }} as batch_id
    from messages
    {%- if stored_message_relations() %}
    where not exists (
        select 1 from {{ ref('known_messages') }} as known_messages
        where known_messages.message_key = messages.message_type || ' ' || messages.event_id
    )
    {%- endif %}
)

select * from batch_messages
