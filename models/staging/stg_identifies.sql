with source as (
    {{ source_rows('identifies') }}
),

stg_identifies as (
    select
        message_type,
        id as event_id,
        anonymous_id,
        user_id,
        {{ as_id_text('null') }} as previous_id,
        {{ no_event_columns() }}
        source_place,
        {{ staged_times() }}
    from source
)

select * from stg_identifies
