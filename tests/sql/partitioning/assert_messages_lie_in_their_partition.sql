-- Each message is stored in the table that partitions names for its month, and in no other that would take any month. Where one
-- table holds all months, that one is named for each of them.
with partitions as (
    select * from {{ ref('partitions') }}
),

stored as (
    select distinct
        {{ row_table('app_tracks') }} as table_name,
        {{ partition_month('occurred_at') }} as month
    from {{ ref('app_tracks') }}
)

select stored.* from stored
left join partitions on stored.month = partitions.month and stored.table_name = partitions.table_name
where partitions.month is null
