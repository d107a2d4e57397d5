{{ config(unique_key=['id', 'id_type'], meta={'may_lag': true}, indexes=lookup_indexes([['id'], ['alias_id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

seen_ids as (
    select anonymous_id as id, 'anonymous_id' as id_type, first_at as first_seen_at, last_at as last_seen_at
    from batch_intervals
    where anonymous_id != ''
    union all
    select user_id as id, 'user_id' as id_type, first_at as first_seen_at, last_at as last_seen_at
    from batch_intervals
    where user_id != ''
),

arrived as (
    select id, id_type, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from seen_ids
    group by id, id_type
),

seen as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select stored.id, stored.id_type, stored.first_seen_at, stored.last_seen_at
    from {{ this }} as stored
    inner join arrived on stored.id = arrived.id and stored.id_type = arrived.id_type {{ and_found_in('stored.id', 'arrived', 'id') }}
    {%- endif %}
),

ids as (
    select id, id_type, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from seen
    group by id, id_type
),

-- whom a visit that begins now would belong to
last_owners as (
    select anonymous_id, alias_id from {{ ref('device_owners') }}
    where
        owns_until is null
    {%- if is_incremental() %}
        and anonymous_id in (select id from arrived)
    {%- endif %}
),

user_counts as (
    select anonymous_id, count(*) as user_count from {{ ref('known_pairs') }}
    {%- if is_incremental() %}
    where anonymous_id in (select id from arrived)
    {%- endif %}
    group by anonymous_id
),

aliases as (
    select
        ids.id,
        ids.id_type,
        case
            when ids.id_type = 'user_id' then {{ person_of_user('ids.id') }}
            else coalesce(last_owners.alias_id, ids.id)
        end as alias_id,
        case when ids.id_type = 'user_id' then 1 else coalesce(user_counts.user_count, 0) end as user_count,
        ids.first_seen_at,
        ids.last_seen_at
    from ids
    left join last_owners on ids.id = last_owners.anonymous_id and ids.id_type = 'anonymous_id'
    left join user_counts on ids.id = user_counts.anonymous_id and ids.id_type = 'anonymous_id'
)

select * from aliases
