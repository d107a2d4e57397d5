{{ config(full_refresh=false, meta={'always': true, 'may_lag': true}) }}

with found as (
    {{ found_columns() }}
),

known as (
    select message_type, source_place, column_name, data_type from {{ state_table('source_columns') }}
    -- the first version of this project did not record where it found a column
    where source_place is not null
),

compared as (
    select
        coalesce(found.message_type, known.message_type) as message_type,
        coalesce(found.source_place, known.source_place) as source_place,
        coalesce(found.column_name, known.column_name) as column_name,
        case
            when known.column_name is null then 'new'
            when found.column_name is null then 'vanished'
            when found.data_type != known.data_type then 'retyped'
        end as change,
        known.data_type as old_type,
        found.data_type as new_type
    from found
    full outer join known
        on found.message_type = known.message_type
        and found.source_place = known.source_place
        and found.column_name = known.column_name
),

schema_changes as (
    select
        message_type,
        source_place,
        column_name,
        change,
        old_type,
        new_type,
        {{ current_batch_id() }} as batch_id,
        {{ utc_now() }} as noticed_at
    from compared
    -- on the first refresh every column is new, which is not worth listing
    where change is not null and exists (select 1 from known)
)

select * from schema_changes
