{{ config(unique_key='event_id', indexes=lookup_indexes([['event_id'], ['previous_id'], ['user_id']])) }}

with app_tracks as (
    select event_id, previous_id, user_id, occurred_at from {{ ref('app_tracks') }}
    where batch_id > {{ applied_batch_id() }} and message_type = 'aliases' and previous_id is not null
),

messages as (
    select * from app_tracks
    {%- if is_incremental() %}
    union all
    -- a link between two users, until a message arrived with the previous id as its anonymous id
    select event_id, previous_id, user_id, occurred_at from {{ this }}
    where
        not is_pair
        and previous_id in (select id from {{ batch_rows('seen_ids') }} as seen_ids where id_type = 'anonymous_id')
    {%- endif %}
),

anonymous_ids as (
    select id from {{ ref('seen_ids') }}
    where id_type = 'anonymous_id' {{ hint_and_found_in('id', 'messages', 'previous_id') if is_incremental() }}
),

alias_messages as (
    select
        messages.event_id,
        messages.previous_id,
        messages.user_id,
        anonymous_ids.id is not null as is_pair,
        {{ current_batch_id() }} as batch_id,
        messages.occurred_at
    from messages
    left join anonymous_ids on messages.previous_id = anonymous_ids.id
)

select * from alias_messages
