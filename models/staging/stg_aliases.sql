with source as (
    {{ source_rows('aliases') }}
),

stg_aliases as (
    select
        message_type,
        id as event_id,
        {{ as_id_text('null') }} as anonymous_id,
        user_id,
        previous_id,
        {{ no_event_columns() }}
        source_place,
        {{ staged_times() }}
    from source
)

select * from stg_aliases
