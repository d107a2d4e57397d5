{{ config(materialized='view') }}

with persons_of_users as (
    select * from {{ ref('persons_of_users') }}
    where unmerged_reason is not null
),

user_links as (
    select * from {{ ref('user_links') }}
),

unmerged_groups as (
    select
        persons_of_users.group_id,
        persons_of_users.unmerged_reason as reason,
        user_links.user_id,
        user_links.linked_user_id,
        user_links.event_id,
        user_links.note,
        persons_of_users.user_count,
        user_links.occurred_at as linked_at
    from user_links
    inner join persons_of_users on user_links.user_id = persons_of_users.user_id
)

select * from unmerged_groups
