with ids as (
    {% for collection in collections() -%}
    select message_type, id from (
        {{ source_rows(collection) }}
    ) as {{ collection }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

stg_message_ids as (
    select message_type, {{ valid_id('id') }} as event_id from ids
)

select * from stg_message_ids
