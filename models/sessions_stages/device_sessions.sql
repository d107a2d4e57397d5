{{ config(incremental_strategy='replace_keys', unique_key=['anonymous_id', 'user_id', 'first_at'],
    meta={'replaced_by': ['anonymous_id', 'user_id'], 'since': 'first_at', 'until': 'last_at'},
    indexes=lookup_indexes([['anonymous_id', 'user_id', 'last_at'], ['alias_id', 'last_at'], ['batch_id']])) }}

with merged_visits as (
    select * from {{ ref('merged_visits') }}
),

device_owners as (
    select * from {{ ref('device_owners') }}
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

visits_without_user as (
    select anonymous_id, first_at from merged_visits
    where user_id = ''
),

-- Where users took turns on a device, sorting shows in whose turn such a visit started. Joining by time would compare
-- each visit with each turn.
ends_of_turns as (
    select anonymous_id, owns_until from device_owners
    where
        owns_until is not null
        and anonymous_id in (select anonymous_id from visits_without_user)
),

turns as (
    select anonymous_id, first_at as turn_at, 0 as is_end from visits_without_user
    where anonymous_id in (select anonymous_id from ends_of_turns)
    union all
    select anonymous_id, owns_until as turn_at, 1 as is_end from ends_of_turns
),

numbered_turns as (
    select
        *,
        1 + sum(is_end) over (
            partition by anonymous_id order by turn_at, is_end rows unbounded preceding
        ) as owner_number
    from turns
),

with_owner_number as (
    select merged_visits.*, coalesce(numbered_turns.owner_number, 1) as owner_number
    from merged_visits
    left join numbered_turns
        on merged_visits.anonymous_id = numbered_turns.anonymous_id
        and merged_visits.first_at = numbered_turns.turn_at
        and merged_visits.user_id = ''
        and numbered_turns.is_end = 0
),

device_sessions as (
    select
        with_owner_number.anonymous_id,
        with_owner_number.user_id,
        {{ interval_attributes('with_owner_number.') }},
        case
            when with_owner_number.user_id != '' then coalesce(persons_of_users.alias_id, with_owner_number.user_id)
            else coalesce(device_owners.alias_id, with_owner_number.anonymous_id)
        end as alias_id,
        with_owner_number.user_id != '' or device_owners.alias_id is not null as is_identified,
        {{ current_batch_id() }} as batch_id
    from with_owner_number
    left join device_owners
        on with_owner_number.anonymous_id = device_owners.anonymous_id
        and with_owner_number.user_id = ''
        and with_owner_number.owner_number = device_owners.owner_number
    left join persons_of_users on with_owner_number.user_id = persons_of_users.user_id
)

select * from device_sessions
{{ hint_in_order_of('first_at') }}
