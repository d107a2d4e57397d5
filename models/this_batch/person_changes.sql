-- What the batch changes for whom, from when on, and why. A build from scratch lists nobody: all that reads this is
-- built from scratch after it.
-- depends_on: {{ ref('visit_changes') }} {{ ref('visit_moves') }} {{ ref('device_sessions') }}
-- depends_on: {{ ref('touch_evidence') }} {{ ref('evidence_classes') }}
{% set visits_as_stored, touches_as_stored = stored_relation('session_visits'), stored_relation('touches') -%}
{% if not is_incremental() or visits_as_stored is none or touches_as_stored is none -%}
select
    {{ as_id_text('null') }} as alias_id,
    cast(null as text) as cause,
    {{ as_id_text('null') }} as cause_detail,
    {{ current_batch_id() }} as batch_id,
    cast(null as timestamp) as changed_since
where false
{%- else -%}
with visit_changes as (
    select * from {{ ref('visit_changes') }}
    where batch_id > {{ applied_batch_id() }}
),

visit_moves as (
    select * from {{ ref('visit_moves') }}
),

changed_visits as (
    select alias_id, is_identified, first_at from {{ ref('device_sessions') }}
    where batch_id > {{ applied_batch_id() }}
),

-- a class that is new belongs to messages that are new, which are in changed_visits anyway
reclassified as (
    select
        combination_id,
        reclassified_by as detail,
        case when reclassified_by = 'attributed_channels' then 'setting' else 'rule' end as cause
    from {{ ref('evidence_classes') }}
    where is_reclassified and batch_id > {{ applied_batch_id() }}
),

reclassified_devices as (
    select distinct touch_evidence.anonymous_id, touch_evidence.user_id, reclassified.cause, reclassified.detail
    from {{ ref('touch_evidence') }} as touch_evidence
    inner join reclassified on touch_evidence.combination_id = reclassified.combination_id
),

-- What concerns all that a person ever did begins at minus infinity. Of messages the detail is the stamp, so that the first
-- one is the smallest.
changes as (
    select owner_now as alias_id, 'late_message' as cause, first_event as detail, changed_since from visit_changes
    where not is_moved
    union all
    select owner_now as alias_id, cause, detail, changed_since from visit_moves
    union all
    -- a visit is no longer theirs
    select owner_before as alias_id, cause, detail, {{ beginning_of_time() }} as changed_since from visit_moves
    union all
    -- they were not a user until now
    select stored.alias_id, 'new_identity' as cause, null as detail, {{ beginning_of_time() }} as changed_since
    from {{ visits_as_stored }} as stored
    inner join changed_visits on stored.alias_id = changed_visits.alias_id
    where changed_visits.is_identified and not stored.is_identified
    union all
    select stored.alias_id, devices.cause, devices.detail, {{ beginning_of_time() }} as changed_since
    from {{ visits_as_stored }} as stored
    inner join reclassified_devices as devices
        on stored.anonymous_id = devices.anonymous_id and stored.user_id = devices.user_id
    union all
    select stored.alias_id, reclassified.cause, reclassified.detail, {{ beginning_of_time() }} as changed_since
    from reclassified
    inner join {{ touches_as_stored }} as stored on reclassified.combination_id = stored.combination_id
    where reclassified.combination_id in ({{ direct_combination_id() }}, {{ untracked_combination_id() }})
    union all
    select alias_id, 'other' as cause, null as detail, first_at as changed_since from changed_visits
),

person_changes as (
    select
        alias_id,
        cause,
        case
            when cause in ('late_message', 'new_identity') then {{ stamp_id('min(detail)') }}
            else min(detail)
        end as cause_detail,
        {{ current_batch_id() }} as batch_id,
        min(changed_since) as changed_since
    from changes
    where alias_id is not null
    group by alias_id, cause
)

select * from person_changes
{%- endif %}
