{{ config(unique_key=['anonymous_id', 'user_id'], indexes=lookup_indexes([['anonymous_id', 'user_id'], ['user_id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

seen_together as (
    select
        anonymous_id,
        user_id,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from batch_intervals
    where anonymous_id != '' and user_id != ''
    group by anonymous_id, user_id
),

{% if is_incremental() -%}
stored as (
    select stored.anonymous_id, stored.user_id, stored.first_seen_at, stored.last_seen_at
    from {{ this }} as stored
    inner join seen_together
        on stored.anonymous_id = seen_together.anonymous_id and stored.user_id = seen_together.user_id
),

{% endif -%}
seen as (
    select * from seen_together
    {%- if is_incremental() %}
    union all
    select * from stored
    {%- endif %}
),

known_pairs as (
    select
        anonymous_id,
        user_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from seen
    group by anonymous_id, user_id
)

select * from known_pairs
