{{ config(incremental_strategy='replace_keys', unique_key=['anonymous_id', 'user_id', 'first_at'],
    meta={'replaced_by': ['anonymous_id', 'user_id'], 'since': 'first_at', 'until': 'last_at', 'unpacked': ['anonymous_id', 'alias_id']},
    indexes=lookup_indexes([['anonymous_id', 'user_id', 'last_at'], ['alias_id', 'last_at'], ['batch_id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

device_owners as (
    select * from {{ ref('device_owners') }}
),

devices_of_users as (
    select anonymous_id, user_id from {{ ref('identity_spans') }}
    union all
    select id as anonymous_id, other_id as user_id from {{ ref('never_linked') }}
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

arrived as (
    select
        anonymous_id, user_id, {{ interval_attributes() }}
    from batch_intervals
    where is_session_event and {{ of_this_part(ref('batch_intervals'), 'anonymous_id') }}
),

{% if is_incremental() -%}
-- users who belong to another person, by a link
changed_users as (
    select user_id from {{ batch_rows('persons_of_users') }} as persons
),

-- devices that sent something, and visits whose owner may have changed
changes as (
    select anonymous_id, user_id, first_at as changed_since from arrived
    union all
    select anonymous_id, '' as user_id, timestamp '-infinity' as changed_since from device_owners
    where batch_id > {{ applied_batch_id() }}
    union all
    select anonymous_id, '' as user_id, timestamp '-infinity' as changed_since from {{ batch_rows('device_owners') }} as owners
    where user_id = '' -- nobody's any more
    union all
    select anonymous_id, user_id, timestamp '-infinity' as changed_since from devices_of_users
    where user_id in (select user_id from changed_users)
    union all
    select '' as anonymous_id, user_id, timestamp '-infinity' as changed_since from changed_users
),

changed_devices as (
    select anonymous_id, user_id, min(changed_since) as changed_since from changes
    group by anonymous_id, user_id
),

stored_visits as (
    {{ rows_of_devices(this, 'changed_devices', 'last_at', 'devices.changed_since - ' ~ session_gap()) }}
),

-- a visit that ended more than a gap before the change stays
stored as (
    select
        stored.anonymous_id, stored.user_id, {{ interval_attributes('stored.') }}
    from stored_visits as stored
    inner join changed_devices
        on stored.anonymous_id = changed_devices.anonymous_id
        and stored.user_id = changed_devices.user_id
        and stored.last_at >= changed_devices.changed_since - {{ session_gap() }}
),

{% endif -%}
visits as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select * from stored
    {%- endif %}
),

-- a visit continues while the next interval starts within the gap after all earlier intervals
marked as (
    select
        *,
        case
            when first_at <= max(last_at) over (
                partition by anonymous_id, user_id order by first_at, first_event
                rows between unbounded preceding and 1 preceding
            ) + {{ session_gap() }} then 0
            else 1
        end as starts_session
    from visits
),

numbered as (
    select
        *,
        sum(starts_session) over device as session_number,
        starts_session = 1 and lead(starts_session, 1, 1) over device = 1 as is_whole_session
    from marked
    window device as (
        partition by anonymous_id, user_id order by first_at, first_event rows unbounded preceding
    )
),

-- most intervals already are a whole session, and need no memory to merge
merged as (
    select
        anonymous_id, user_id, {{ interval_attributes() }}
    from numbered
    where is_whole_session
    union all
    select
        anonymous_id,
        user_id,
        {{ merged_attributes() }}
    from numbered
    where not is_whole_session
    group by anonymous_id, user_id, session_number
),

visits_without_user as (
    select anonymous_id, first_at from merged
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
    select merged.*, coalesce(numbered_turns.owner_number, 1) as owner_number
    from merged
    left join numbered_turns
        on merged.anonymous_id = numbered_turns.anonymous_id
        and merged.first_at = numbered_turns.turn_at
        and merged.user_id = ''
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
{{ in_order_of('first_at') }}
