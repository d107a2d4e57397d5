{{ config(materialized='view') }}

with known_pairs as (
    select * from {{ ref('known_pairs') }}
),

user_links as (
    select user_id, linked_user_id from {{ ref('user_links') }}
    union
    select linked_user_id as user_id, user_id as linked_user_id from {{ ref('user_links') }}
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

partners as (
    select anonymous_id as id, 'anonymous_id' as id_type, 'user_id' as partner_type, first_seen_at, last_seen_at
    from known_pairs
    union all
    select user_id as id, 'user_id' as id_type, 'anonymous_id' as partner_type, first_seen_at, last_seen_at
    from known_pairs
    union all
    select user_id as id, 'user_id' as id_type, 'user_id' as partner_type, null as first_seen_at, null as last_seen_at
    from user_links
),

counted as (
    select
        id,
        id_type,
        partner_type,
        count(*) as partner_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from partners
    group by id, id_type, partner_type
    union all
    -- links in a chain join many users of whom each has only two
    select
        group_id as id,
        'user_id' as id_type,
        'user_id' as partner_type,
        user_count - 1 as partner_count,
        null as first_seen_at,
        null as last_seen_at
    from persons_of_users
    where user_id = group_id
),

suspicious_identities as (
    select
        id,
        id_type,
        partner_type,
        max(partner_count) as partner_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from counted
    group by id, id_type, partner_type
    having max(partner_count) > {{ var('max_usual_partners') }}
)

select * from suspicious_identities
