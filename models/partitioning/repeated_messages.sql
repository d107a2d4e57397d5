{{ config(
    materialized='table',
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- not materialized: so that each use reads only what it needs
with new_messages as not materialized (
    select * from {{ ref('new_messages') }}
),

repeated_ids as (
    select message_type, event_id from new_messages
    where event_id is not null
    group by message_type, event_id
    having count(*) > 1
),

-- of several copies the one loaded first counts, then the one received first, then the smallest row
ranked_copies as (
    select
        new_messages.*,
        row_number() over (
            partition by new_messages.message_type, new_messages.event_id
            order by {{ copy_order() }}
        ) as copy_number
    from new_messages
    inner join repeated_ids
        on new_messages.event_id = repeated_ids.event_id and new_messages.message_type = repeated_ids.message_type
),

repeated_messages as (
    select
        {{ stored_columns() }},
        reject_reason,
        load_time,
        batch_id
    from ranked_copies
    where copy_number = 1
)

select * from repeated_messages
