{{ config(materialized='ephemeral') }}

with visit_changes as (
    select * from {{ ref('visit_changes') }}
    where batch_id > {{ applied_batch_id() }}
),

-- users who are another person's, or no longer, because of a link
relinked_users as (
    select persons.user_id, coalesce(persons.group_id, persons.user_id) as group_id
    from {{ batch_rows('persons_of_users') }} as persons
),

-- that came or went; an override of two users has no time from which it counts
overrides as (
    select changed.id_a, changed.id_b, {{ override_detail() }} as detail
    from {{ batch_rows('applied_overrides') }} as changed
    where changed.paired_at is null
),

links as (
    select user_id, event_id as detail from {{ ref('alias_messages') }}
    where batch_id > {{ applied_batch_id() }} and not is_pair
    union all
    select id_a as user_id, detail from overrides
    union all
    select id_b as user_id, detail from overrides
),

links_of_groups as (
    select relinked_users.group_id, min(links.detail) as detail
    from links
    inner join relinked_users on links.user_id = relinked_users.user_id
    group by relinked_users.group_id
),

visit_moves as (
    select
        visit_changes.owner_before,
        visit_changes.owner_now,
        visit_changes.changed_since,
        case
            when relinked_users.user_id is not null then links_of_groups.detail
            else coalesce(visit_changes.first_event, 'identity_overrides')
        end as detail,
        case
            when relinked_users.user_id is not null or visit_changes.first_event is null then 'link_or_override'
            when left(visit_changes.first_event, 18) = 'identity_overrides' then 'link_or_override'
            else 'new_identity'
        end as cause
    from visit_changes
    left join relinked_users on visit_changes.owner_before = relinked_users.user_id
    left join links_of_groups on relinked_users.group_id = links_of_groups.group_id
    where visit_changes.is_moved
)

select * from visit_moves
