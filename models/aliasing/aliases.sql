{{ config(unique_key=['id', 'id_type'], indexes=lookup_indexes([['id'], ['alias_id']])) }}

{% if is_incremental() -%}
with changed_ids as (
    select id, id_type from {{ batch_rows('seen_ids') }} as seen
    union
    select anonymous_id as id, 'anonymous_id' as id_type from {{ batch_rows('identity_spans') }} as spans
    union
    select anonymous_id as id, 'anonymous_id' as id_type from {{ batch_rows('device_owners') }} as owners
    union
    select user_id as id, 'user_id' as id_type from {{ batch_rows('persons_of_users') }} as persons
),

{% endif -%}
{{ 'with ' if not is_incremental() -}} ids as (
    select seen_ids.* from {{ ref('seen_ids') }} as seen_ids
    {%- if is_incremental() %}
    inner join changed_ids on seen_ids.id = changed_ids.id and seen_ids.id_type = changed_ids.id_type {{ hint_and_found_in('seen_ids.id', 'changed_ids', 'id') }}
    {%- endif %}
),

-- the owner of a visit that starts now
last_owners as (
    select anonymous_id, alias_id from {{ ref('device_owners') }}
    where
        owns_until is null
    {%- if is_incremental() %}
        and anonymous_id in (select id from changed_ids)
    {%- endif %}
),

user_counts as (
    select anonymous_id, count(distinct user_id) as user_count from {{ ref('identity_spans') }}
    {%- if is_incremental() %}
    where anonymous_id in (select id from changed_ids)
    {%- endif %}
    group by anonymous_id
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

aliases as (
    select
        ids.id,
        ids.id_type,
        coalesce(last_owners.alias_id, persons_of_users.alias_id, ids.id) as alias_id,
        case when ids.id_type = 'user_id' then 1 else coalesce(user_counts.user_count, 0) end as user_count,
        ids.first_seen_at,
        ids.last_seen_at
    from ids
    left join last_owners on ids.id = last_owners.anonymous_id and ids.id_type = 'anonymous_id'
    left join user_counts on ids.id = user_counts.anonymous_id and ids.id_type = 'anonymous_id'
    left join persons_of_users on ids.id = persons_of_users.user_id and ids.id_type = 'user_id'
)

select * from aliases
