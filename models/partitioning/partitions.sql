{{ config(incremental_strategy='replace_keys', unique_key='month', meta={'may_lag': true}) }}

with app_tracks as (
    select * from {{ ref('app_tracks') }}
    where batch_id > {{ applied_batch_id() }}
),

arrived as (
    select
        {{ partition_month('occurred_at') }} as month,
        count(*) as row_count,
        0 as detached_row_count,
        max(batch_id) as newest_batch_id,
        min(occurred_at) as first_occurred_at,
        max(occurred_at) as last_occurred_at
    from app_tracks
    group by {{ partition_month('occurred_at') }}
),

{% if is_incremental() -%}
stored as (
    select
        {{ partition_month('cast(month as timestamp)') }} as month,
        row_count,
        detached_row_count,
        newest_batch_id,
        first_occurred_at,
        last_occurred_at
    from {{ this }}
),

{% endif -%}
counted as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select * from stored
    {%- endif %}
),

partitions as (
    select
        month,
        {{ month_table('month') }} as table_name,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(detached_row_count) as bigint) as detached_row_count,
        max(newest_batch_id) as newest_batch_id,
        min(first_occurred_at) as first_occurred_at,
        max(last_occurred_at) as last_occurred_at
    from counted
    group by month
)

select * from partitions
