-- Rebuilt whenever app_tracks is.
-- depends_on: {{ ref('app_tracks') }}
with batch_messages as (
    {{ new_rows_of('batch_messages') }}
),

repeated_messages as (
    {{ new_rows_of('repeated_messages') }}
),

counted_messages as (
    {{ messages_that_count() }}
),

rejected as (
    select
        *,
        {{ content_hash() }} as content_hash
    from counted_messages
    where reject_reason is not null
),

-- rows without an id are one message if they agree in everything
numbered as (
    select
        *,
        case
            when event_id is null
                then row_number() over (
                    partition by message_type, event_id, content_hash order by loaded_at, source_place
                )
            else 1
        end as copy_number
    from rejected
),

unreadable_rows as (
    {{ unreadable_rows() }}
),

rejected_events as (
    select
        message_type,
        event_id,
        reject_reason as reason,
        anonymous_id,
        user_id,
        event_name,
        page_url,
        source_place,
        cast(null as text) as source_file,
        content_hash,
        cast(null as bigint) as source_line,
        cast(1 as bigint) as row_count,
        batch_id,
        occurred_at,
        received_at,
        loaded_at
    from numbered
    where
        copy_number = 1
    {%- if is_incremental() %}
        and (
            event_id is not null
            or not exists (select 1 from {{ this }} as stored where stored.content_hash = numbered.content_hash)
        )
    {%- endif %}
    union all
    select
        message_type,
        {{ as_id_text('null') }} as event_id,
        'unreadable_row' as reason,
        {{ as_id_text('null') }} as anonymous_id,
        {{ as_id_text('null') }} as user_id,
        {{ as_id_text('null') }} as event_name,
        {{ as_id_text('null') }} as page_url,
        {{ as_id_text('source_place') }} as source_place,
        source_file,
        content_hash,
        cast(source_line as bigint) as source_line,
        cast(row_count as bigint) as row_count,
        {{ current_batch_id() }} as batch_id,
        cast(null as timestamp) as occurred_at,
        cast(null as timestamp) as received_at,
        cast(null as timestamp) as loaded_at
    from unreadable_rows
    {%- if is_incremental() %}
    where not exists (select 1 from {{ this }} as stored where stored.content_hash = unreadable_rows.content_hash)
    {%- endif %}
)

select * from rejected_events
