{{ config(materialized='ephemeral') }}

-- Every message or override that shows who used a device, including messages of detached months.
with messages as (
    select message_type, event_id, anonymous_id, user_id, occurred_at from {{ ref('app_tracks') }}
    union all
    select message_type, event_id, anonymous_id, user_id, occurred_at from {{ state_table('archived_messages') }}
    union all
    select 'aliases' as message_type, event_id, previous_id as anonymous_id, user_id, occurred_at
    from {{ ref('alias_messages') }}
    where is_pair
    union all
    -- before all others of that time
    select '' as message_type, '' as event_id, anonymous_id, user_id, paired_at as occurred_at
    from {{ ref('applied_overrides') }}
    where effect = 'pair'
),

pair_messages as (
    select * from messages
    where
        user_id is not null
        and not exists (
            select 1 from {{ ref('never_linked') }} as never_linked
            where never_linked.id = messages.anonymous_id and never_linked.other_id = messages.user_id
        )
)

select * from pair_messages
