{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    indexes=lookup_indexes([['batch_id']]),
    post_hook=["{{ prune_applied(alias_readers()) }}", "{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- Whose sessions, touches and attribution have to be made again, and from when on (remade_since): what a person did
-- before a change stays as it is. Affected is who got a visit that is new or changed, who lost one to somebody else,
-- who became a user, and whose touches are classified otherwise since a rule was edited. The answer depends on what
-- session_members holds, so what that model has not applied yet is asked again. Where everybody stored is made again
-- (has_lost_track), what changed for whom is not looked for.
{% set stored_members = none if has_lost_track() else stored_relation('session_members') -%}
{% set stored_touches = none if has_lost_track() else stored_relation('touches') -%}
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

{% if stored_members is not none -%}
visits_before as (
    {{ rows_of_devices(stored_members, 'changed_devices', 'visit_end', 'devices.changed_since') }}
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

{% endif -%}
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
    select alias_id from changed_visits
    where false
    {%- if stored_members is not none %}
    union
    -- a visit is no longer theirs
    select alias_id from visits_with_owner
    where is_now = 0 and owner_now is distinct from alias_id
    union
    -- they were no user until now
    select stored.alias_id
    from {{ stored_members }} as stored
    inner join changed_visits on stored.alias_id = changed_visits.alias_id
    where changed_visits.is_identified and not stored.is_identified
    union
    select stored.alias_id
    from {{ stored_members }} as stored
    inner join reclassified_devices
        on stored.anonymous_id = reclassified_devices.anonymous_id and stored.user_id = reclassified_devices.user_id
    {%- endif %}
    {%- if stored_touches is not none %}
    union
    select stored.alias_id
    from reclassified
    inner join {{ stored_touches }} as stored on reclassified.combination_id = stored.combination_id
    where reclassified.combination_id in ({{ direct_combination_id() }}, {{ untracked_combination_id() }})
    {%- endif %}
    {%- if has_lost_track() %}
    {%- for reader in alias_readers() if stored_batch_id(reader) is not none %}
    union
    select alias_id from {{ stored_relation(reader) }} as {{ reader }}
    {%- endfor %}
    {%- endif %}
),

changes as (
    select alias_id, first_at as changed_since from changed_visits
    union all
    select alias_id, timestamp '-infinity' as changed_since from changed_throughout
    {%- if is_incremental() %}
    union all
    select alias_id, remade_since as changed_since from {{ this }}
    where batch_id > {{ applied_batch_id('session_members') }}
    {%- endif %}
),

first_changes as (
    select alias_id, min(changed_since) as changed_since from changes
    group by alias_id
),

-- what changed within the gap after a stored session may become part of it: that session is made again from its start
affected_aliases as (
    select
        first_changes.alias_id,
        {{ current_batch_id() }} as batch_id,
        {%- if stored_members is not none %}
        least(min(first_changes.changed_since), min(stored.session_start)) as remade_since
        {%- else %}
        min(first_changes.changed_since) as remade_since
        {%- endif %}
    from first_changes
    {%- if stored_members is not none %}
    left join {{ stored_members }} as stored
        on first_changes.alias_id = stored.alias_id
        and stored.visit_end >= first_changes.changed_since - {{ session_gap() }}
    {%- endif %}
    group by first_changes.alias_id
)

select * from affected_aliases
