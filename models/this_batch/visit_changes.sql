-- Whose visits the batch changes: the new messages with the person they belong to now, and the visits that went from
-- one person to another. session_visits still tells whose they were before.
-- depends_on: {{ ref('device_sessions') }} {{ ref('batch_intervals') }} {{ ref('alias_messages') }}
-- depends_on: {{ ref('applied_overrides') }}
{% set visits_as_stored = stored_relation('session_visits') -%}
{% if not is_incremental() or visits_as_stored is none -%}
select
    {{ as_id_text('null') }} as owner_before,
    {{ as_id_text('null') }} as owner_now,
    {{ as_id_text('null') }} as first_event,
    false as is_moved,
    {{ current_batch_id() }} as batch_id,
    cast(null as timestamp) as changed_since
where false
{%- else -%}
with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

changed_devices as (
    select anonymous_id, user_id, min(first_at) as changed_since from {{ ref('device_sessions') }}
    where batch_id > {{ applied_batch_id() }}
    group by anonymous_id, user_id
),

visits_now as (
    {{ hint_rows_of_devices(ref('device_sessions'), 'changed_devices', 'last_at', 'devices.changed_since') }}
),

visits_before as (
    {{ hint_rows_of_devices(visits_as_stored, 'changed_devices', 'visit_end', 'devices.changed_since') }}
),

visits as (
    select
        visits_now.anonymous_id, visits_now.user_id, visits_now.alias_id, null as first_event, 1 as is_now,
        visits_now.first_at as changed_since
    from visits_now
    inner join changed_devices
        on visits_now.anonymous_id = changed_devices.anonymous_id
        and visits_now.user_id = changed_devices.user_id
        and visits_now.last_at >= changed_devices.changed_since
    union all
    select
        visits_before.anonymous_id, visits_before.user_id, visits_before.alias_id, null as first_event, 0 as is_now,
        visits_before.visit_start as changed_since
    from visits_before
    inner join changed_devices
        on visits_before.anonymous_id = changed_devices.anonymous_id
        and visits_before.user_id = changed_devices.user_id
        and visits_before.visit_end >= changed_devices.changed_since
    union all
    select anonymous_id, user_id, null as alias_id, first_event, 0 as is_now, first_at as changed_since
    from batch_intervals
    where is_session_event
),

-- Earlier visits and new intervals lie in the present visit that began last. Joining by time would compare each visit of a
-- device with every other.
numbered_visits as (
    select
        *,
        sum(is_now) over (
            partition by anonymous_id, user_id order by changed_since, is_now desc rows unbounded preceding
        ) as visit_number
    from visits
),

with_owner as (
    select
        *,
        max(case when is_now = 1 then alias_id end) over (
            partition by anonymous_id, user_id, visit_number
        ) as owner_now
    from numbered_visits
),

-- the message by which a device may have changed hands, else the override
identifying as (
    select anonymous_id, min(first_event) as first_event
    from (
        select anonymous_id, first_event from batch_intervals
        where anonymous_id != '' and user_id != ''
        union all
        select previous_id as anonymous_id, {{ event_stamp('occurred_at', 'event_id') }} as first_event from {{ ref('alias_messages') }}
        where is_pair and batch_id > {{ applied_batch_id() }}
        union all
        select overrides.anonymous_id, {{ override_detail() }} as first_event
        from {{ batch_rows('applied_overrides') }} as overrides
    ) as messages
    group by anonymous_id
),

visit_changes as (
    select
        with_owner.alias_id as owner_before,
        with_owner.owner_now,
        coalesce(with_owner.first_event, identifying.first_event) as first_event,
        with_owner.first_event is null as is_moved,
        {{ current_batch_id() }} as batch_id,
        with_owner.changed_since
    from with_owner
    left join identifying on with_owner.anonymous_id = identifying.anonymous_id and with_owner.first_event is null
    where
        with_owner.is_now = 0
        and (with_owner.first_event is not null or with_owner.owner_now is distinct from with_owner.alias_id)
)

select * from visit_changes
{%- endif %}
