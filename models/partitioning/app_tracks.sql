{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    meta={'monthly_partitions_by': 'occurred_at'},
    indexes=partition_indexes(),
    post_hook=[
        "{{ name_partitions() }}", "{{ analyze_table() }}",
        "{{ record_source_loads() }}", "{{ record_start() }}", "{{ record_rebuild() }}"
    ]
) }}

with new_messages as (
    {{ unapplied('new_messages', companion='repeated_messages') }}
),

repeated_messages as (
    {{ unapplied('repeated_messages') }}
),

-- of a message that came more than once only the copy that counts
counted_messages as (
    select * from new_messages
    where
        not exists (
            select 1 from repeated_messages
            where
                repeated_messages.event_id = new_messages.event_id
                and repeated_messages.message_type = new_messages.message_type
        )
    union all
    select * from repeated_messages
),

app_tracks as (
    select
        {{ stored_columns() }},
        batch_id
    from counted_messages
    where reject_reason is null
)

select * from app_tracks
