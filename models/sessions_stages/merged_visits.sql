{{ config(materialized=hint_part()) }}

-- The visits that the batch changes: its intervals, merged with the stored visits that they touch.
-- depends_on: {{ ref('persons_of_users') }}
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
    select anonymous_id, '' as user_id, {{ beginning_of_time() }} as changed_since from device_owners
    where batch_id > {{ applied_batch_id() }}
    union all
    select anonymous_id, '' as user_id, {{ beginning_of_time() }} as changed_since from {{ batch_rows('device_owners') }} as owners
    where user_id = '' -- nobody's any more
    union all
    select anonymous_id, user_id, {{ beginning_of_time() }} as changed_since from devices_of_users
    where user_id in (select user_id from changed_users)
    union all
    select '' as anonymous_id, user_id, {{ beginning_of_time() }} as changed_since from changed_users
),

changed_devices as (
    select anonymous_id, user_id, min(changed_since) as changed_since from changes
    group by anonymous_id, user_id
),

stored_visits as (
    {{ hint_rows_of_devices(stored_relation('device_sessions'), 'changed_devices', 'last_at', 'devices.changed_since - ' ~ session_gap()) }}
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
        sum(starts_session) over until_now as session_number,
        starts_session = 1 and lead(starts_session, 1, 1) over device = 1 as is_whole_session
    from marked
    window
        device as (partition by anonymous_id, user_id order by first_at, first_event),
        until_now as (partition by anonymous_id, user_id order by first_at, first_event rows unbounded preceding)
),

-- most intervals already are a whole session, and need no memory to merge
merged_visits as (
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
)

select * from merged_visits
