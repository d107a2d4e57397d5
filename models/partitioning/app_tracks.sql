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
    {{ unapplied('new_messages', companion='surplus_copies') }}
),

surplus_copies as (
    select * from {{ ref('surplus_copies') }}
),

app_tracks as (
    select
        {{ stored_columns() }},
        batch_id
    from new_messages
    where
        reject_reason is null
        and row_id not in (select row_id from surplus_copies)
)

select * from app_tracks
