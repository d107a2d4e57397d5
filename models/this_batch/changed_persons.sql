-- Whose sessions, touches and attribution the batch changes, and from when on (changed_since): what a person did before
-- stays as it is. That is who got a visit that is new or changed, who lost one to somebody else, who became a user, and
-- whose touches are classified otherwise since a rule was edited. session_visits still tells what was before the batch.
-- A build from scratch lists nobody: all that reads this is built from scratch after it.
-- depends_on: {{ ref('device_sessions') }} {{ ref('touch_evidence') }} {{ ref('evidence_classes') }}
{% set visits_as_stored, touches_as_stored = stored_relation('session_visits'), stored_relation('touches') -%}
{% if not is_incremental() or visits_as_stored is none or touches_as_stored is none -%}
select
    {{ as_id_text('null') }} as alias_id,
    {{ current_batch_id() }} as batch_id,
    cast(null as timestamp) as changed_since
where false
{%- else -%}
with changed_visits as (
    select anonymous_id, user_id, alias_id, is_identified, first_at from {{ ref('device_sessions') }}
    where batch_id > {{ applied_batch_id() }}
),

changed_devices as (
    select anonymous_id, user_id, min(first_at) as changed_since from changed_visits
    group by anonymous_id, user_id
),

visits_now as (
    {{ rows_of_devices(ref('device_sessions'), 'changed_devices', 'last_at', 'devices.changed_since') }}
),

visits_before as (
    {{ rows_of_devices(visits_as_stored, 'changed_devices', 'visit_end', 'devices.changed_since') }}
),

visits as (
    select visits_now.anonymous_id, visits_now.user_id, visits_now.alias_id, visits_now.first_at as visit_start, 1 as is_now
    from visits_now
    inner join changed_devices
        on visits_now.anonymous_id = changed_devices.anonymous_id
        and visits_now.user_id = changed_devices.user_id
        and visits_now.last_at >= changed_devices.changed_since
    union all
    select visits_before.anonymous_id, visits_before.user_id, visits_before.alias_id, visits_before.visit_start, 0 as is_now
    from visits_before
    inner join changed_devices
        on visits_before.anonymous_id = changed_devices.anonymous_id
        and visits_before.user_id = changed_devices.user_id
        and visits_before.visit_end >= changed_devices.changed_since
),

-- A visit before lies in the one now that began last. To compare times would compare each visit of a device with each.
numbered_visits as (
    select
        *,
        sum(is_now) over (
            partition by anonymous_id, user_id order by visit_start, is_now desc rows unbounded preceding
        ) as visit_number
    from visits
),

visits_with_owner as (
    select
        *,
        max(case when is_now = 1 then alias_id end) over (partition by anonymous_id, user_id, visit_number) as owner_now
    from numbered_visits
),

-- a class that is new belongs to messages that are new, which are in changed_visits anyway
reclassified as (
    select combination_id from {{ ref('evidence_classes') }}
    where is_reclassified and batch_id > {{ applied_batch_id() }}
),

reclassified_devices as (
    select distinct anonymous_id, user_id from {{ ref('touch_evidence') }}
    where combination_id in (select combination_id from reclassified)
),

changed_throughout as (
    -- a visit is no longer theirs
    select alias_id from visits_with_owner
    where is_now = 0 and owner_now is distinct from alias_id
    union
    -- they were no user until now
    select stored.alias_id
    from {{ visits_as_stored }} as stored
    inner join changed_visits on stored.alias_id = changed_visits.alias_id
    where changed_visits.is_identified and not stored.is_identified
    union
    select stored.alias_id
    from {{ visits_as_stored }} as stored
    inner join reclassified_devices
        on stored.anonymous_id = reclassified_devices.anonymous_id and stored.user_id = reclassified_devices.user_id
    union
    select stored.alias_id
    from reclassified
    inner join {{ touches_as_stored }} as stored on reclassified.combination_id = stored.combination_id
    where reclassified.combination_id in ({{ direct_combination_id() }}, {{ untracked_combination_id() }})
),

changes as (
    select alias_id, first_at as changed_since from changed_visits
    union all
    select alias_id, timestamp '-infinity' as changed_since from changed_throughout
),

first_changes as (
    select alias_id, min(changed_since) as changed_since from changes
    group by alias_id
),

-- what changed within the gap after a stored session may become part of it: that session changes from its start
changed_persons as (
    select
        first_changes.alias_id,
        {{ current_batch_id() }} as batch_id,
        least(min(first_changes.changed_since), min(stored.session_start)) as changed_since
    from first_changes
    left join {{ visits_as_stored }} as stored
        on first_changes.alias_id = stored.alias_id
        and stored.visit_end >= first_changes.changed_since - {{ session_gap() }}
    group by first_changes.alias_id
)

select * from changed_persons
union all
{{ persons_of_the_batch_before() }}
{%- endif %}
