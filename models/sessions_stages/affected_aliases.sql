{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    indexes=lookup_indexes([['batch_id']]),
    post_hook=["{{ prune_applied(alias_readers()) }}", "{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- Whose sessions, touches and attribution have to be made again: everyone whose devices sent something or changed
-- hands, before the change and after it, and everyone whose touches are classified otherwise since a rule was edited.
with device_sessions as (
    select anonymous_id, user_id, alias_id from {{ ref('device_sessions') }}
    where batch_id > {{ applied_batch_id() }}
),

-- a class that is new belongs to messages that are new, which are in device_sessions anyway
reclassified as (
    select combination_id from {{ ref('evidence_classes') }}
    where is_reclassified and batch_id > {{ applied_batch_id() }}
),

reclassified_devices as (
    select distinct anonymous_id, user_id from {{ ref('touch_evidence') }}
    where combination_id in (select combination_id from reclassified)
),

changed_devices as (
    select anonymous_id, user_id from device_sessions
    union
    select anonymous_id, user_id from reclassified_devices
),

aliases_now as (
    select alias_id from device_sessions
),

{% set stored_members = stored_relation('session_members') -%}
{% set stored_touches = stored_relation('touches') -%}
aliases_before as (
    {%- if stored_members is not none %}
    select stored.alias_id from {{ stored_members }} as stored
    inner join changed_devices
        on stored.anonymous_id = changed_devices.anonymous_id and stored.user_id = changed_devices.user_id
    {%- else %}
    select alias_id from aliases_now
    {%- endif %}
),

direct_aliases as (
    {%- if stored_touches is not none %}
    select alias_id from {{ stored_touches }}
    where is_direct and {{ direct_combination_id() }} in (select combination_id from reclassified)
    {%- else %}
    select alias_id from aliases_now
    {%- endif %}
),

affected_aliases as (
    select alias_id, {{ current_batch_id() }} as batch_id from aliases_now
    union
    select alias_id, {{ current_batch_id() }} as batch_id from aliases_before
    union
    select alias_id, {{ current_batch_id() }} as batch_id from direct_aliases
)

select * from affected_aliases
