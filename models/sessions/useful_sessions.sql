{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key=['alias_id', 'session_number'],
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([['alias_id'], ['session_id'], ['channel', 'source']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

with all_sessions as (
    select * from {{ ref('all_sessions') }}
    {{ of_affected_aliases() }}
),

signed_up as (
    select alias_id from all_sessions
    where is_signup_session
),

useful_sessions as (
    select all_sessions.* from all_sessions
    inner join signed_up on all_sessions.alias_id = signed_up.alias_id
    where all_sessions.is_first_session or all_sessions.is_signup_session
)

select * from useful_sessions
