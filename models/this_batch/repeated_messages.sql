{{ config(meta={'holds_all_for_rebuilt': true}) }}

-- not materialized: so that each use reads only what it needs
with batch_messages as not materialized (
    select * from {{ ref('batch_messages') }}
),

repeated_ids as (
    select message_type, event_id from batch_messages
    where event_id is not null
    group by message_type, event_id
    having count(*) > 1
),

-- of several copies the one loaded first counts, then the one received first, then the smallest row
ranked_copies as (
    select
        batch_messages.*,
        row_number() over (
            partition by batch_messages.message_type, batch_messages.event_id
            order by {{ copy_order() }}
        ) as copy_number
    from batch_messages
    inner join repeated_ids
        on batch_messages.event_id = repeated_ids.event_id and batch_messages.message_type = repeated_ids.message_type
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
