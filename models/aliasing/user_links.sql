{{ config(materialized='view') }}

with alias_messages as (
    select * from {{ ref('alias_messages') }}
    where not is_pair
),

applied_overrides as (
    select * from {{ ref('applied_overrides') }}
    where effect = 'link'
),

never_linked as (
    select * from {{ ref('never_linked') }}
),

links as (
    select user_id, previous_id as linked_user_id, event_id, cast(null as text) as note, occurred_at from alias_messages
    where user_id != previous_id
    union all
    select id_a as user_id, id_b as linked_user_id, null as event_id, note, null as occurred_at from applied_overrides
),

user_links as (
    select * from links
    where not exists (
        select 1 from never_linked
        where never_linked.id = links.user_id and never_linked.other_id = links.linked_user_id
    )
)

select * from user_links
