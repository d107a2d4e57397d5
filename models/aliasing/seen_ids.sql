{{ config(unique_key=['id', 'id_type'], indexes=lookup_indexes([['id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

ids as (
    select anonymous_id as id, 'anonymous_id' as id_type, first_at, last_at, is_session_event from batch_intervals
    where anonymous_id != ''
    union all
    select user_id as id, 'user_id' as id_type, first_at, last_at, is_session_event from batch_intervals
    where user_id != ''
),

arrived as (
    select
        id,
        id_type,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at,
        min(first_at) filter (where is_session_event) as first_session_at
    from ids
    group by id, id_type
),

seen as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select stored.id, stored.id_type, stored.first_seen_at, stored.last_seen_at, stored.first_session_at
    from {{ this }} as stored
    inner join arrived on stored.id = arrived.id and stored.id_type = arrived.id_type {{ hint_and_found_in('stored.id', 'arrived', 'id') }}
    {%- endif %}
),

seen_ids as (
    select
        id,
        id_type,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(first_session_at) as first_session_at
    from seen
    group by id, id_type
)

select * from seen_ids
