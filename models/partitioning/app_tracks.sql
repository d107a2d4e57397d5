{{ config(
    meta={'monthly_partitions_by': 'occurred_at'},
    indexes=lookup_indexes([['event_id']], ascending=['batch_id', 'occurred_at'])) }}

with batch_messages as (
    {{ new_rows_of('batch_messages') }}
),

repeated_messages as (
    {{ new_rows_of('repeated_messages') }}
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
