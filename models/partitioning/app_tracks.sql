{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    meta={'monthly_partitions_by': 'occurred_at'},
    indexes=partition_indexes(),
    post_hook=["{{ record_source_loads() }}", "{{ record_settings() }}", "{{ record_rebuild() }}"]
) }}

-- not materialized: the first load reads the source twice, which costs less than keeping all of it
with messages as not materialized (
    select * from {{ ref('stg_messages') }}
),

{% if is_incremental() -%}
stored_ids as (
    {{ stored_ids('messages', [this, stored_relation('rejected_events'), state_table('archived_messages')]) }}
),

{% endif -%}
new_messages as not materialized (
    select * from messages
    {%- if is_incremental() %}
    where not exists (
        select 1 from stored_ids
        where stored_ids.event_id = messages.event_id and stored_ids.message_type = messages.message_type
    )
    {%- endif %}
),

repeated_ids as (
    select message_type, event_id from new_messages
    where event_id is not null
    group by message_type, event_id
    having count(*) > 1
),

single_messages as (
    select * from new_messages
    where not exists (
        select 1 from repeated_ids
        where repeated_ids.event_id = new_messages.event_id and repeated_ids.message_type = new_messages.message_type
    )
),

-- of several copies the one loaded first counts
ranked_copies as (
    select
        new_messages.*,
        row_number() over (
            partition by new_messages.message_type, new_messages.event_id
            order by {{ copy_order() | indent(12) }}
        ) as copy_number
    from new_messages
    inner join repeated_ids
        on new_messages.event_id = repeated_ids.event_id and new_messages.message_type = repeated_ids.message_type
),

accepted_messages as (
    select {{ stored_columns() }}, reject_reason from single_messages
    union all
    select {{ stored_columns() }}, reject_reason from ranked_copies
    where copy_number = 1
),

app_tracks as (
    select
        {{ stored_columns() }},
        {{ current_batch_id() }} as batch_id
    from accepted_messages
    where reject_reason is null
)

select * from app_tracks
{{ in_month_order('occurred_at') }}
