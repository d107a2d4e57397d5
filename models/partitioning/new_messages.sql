{{ config(
    materialized='table',
    pre_hook="{{ choose_sample() }}",
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild(oldest_applied_batch_id(message_stores())) }}"]
) }}

-- depends_on: {{ ref('stg_message_ids') }}
-- Sources are read once, here; what is stored already is left out.
with messages as (
    select * from {{ ref('stg_messages') }}
),

{% if stored_message_relations() -%}
arriving as (
    select event_id from {{ ref('stg_message_ids') }}
),

stored_ids as (
    {%- for relation in stored_message_relations() %}
    select stored.message_type, stored.event_id
    from {{ relation }} as stored
    where stored.event_id in (select event_id from arriving)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{% endif -%}
new_messages as (
    select
        {{ stored_columns() }},
        reject_reason,
        load_time,
        {{ current_batch_id() }} as batch_id
    from messages
    {%- if stored_message_relations() %}
    where not exists (
        select 1 from stored_ids
        where stored_ids.event_id = messages.event_id and stored_ids.message_type = messages.message_type
    )
    {%- endif %}
)

select * from new_messages
