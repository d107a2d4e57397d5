{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    meta={'monthly_partitions_by': 'occurred_at'},
    indexes=partition_indexes(),
    post_hook=[
        "{{ name_partitions() }}", "{{ analyze_table() }}",
        "{{ record_source_loads() }}", "{{ record_start() }}", "{{ record_rebuild() }}",
        "{{ empty_when_applied('new_messages', message_stores()) }}"
    ]
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

app_tracks as (
    select
        {{ stored_columns() }},
        batch_id
    from counted_messages
    where reject_reason is null
)

select * from app_tracks
