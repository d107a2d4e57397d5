{{ config(materialized='view') }}

with alias_messages as (
    select * from {{ ref('alias_messages') }}
),

user_links as (
    select
        user_id,
        previous_id as linked_user_id,
        event_id,
        occurred_at
    from alias_messages
    where not is_pair and user_id != previous_id
)

select * from user_links
