{{ config(materialized='ephemeral') }}

-- Every message that shows who used a device, including those of detached months.
select message_type, event_id, anonymous_id, user_id, occurred_at from {{ ref('app_tracks') }}
where user_id is not null
union all
select message_type, event_id, anonymous_id, user_id, occurred_at from {{ state_table('archived_messages') }}
where user_id is not null
union all
select 'aliases' as message_type, event_id, previous_id as anonymous_id, user_id, occurred_at
from {{ ref('alias_messages') }}
where is_pair
