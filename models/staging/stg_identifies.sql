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
        {%- for column in event_columns() %}
        {{ as_id_text('null') }} as {{ column }},
        {%- endfor %}
        {%- for column in pass_through_columns() %}
        cast(null as {{ column.type }}) as {{ quoted_name(column.name) }},
        {%- endfor %}
        source_place,
        {{ staged_times() }}
    from source
)

select * from stg_identifies
