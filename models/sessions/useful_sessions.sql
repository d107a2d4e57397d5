{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key=['alias_id', 'session_number'],
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([['alias_id'], ['session_id'], ['channel', 'source']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- not materialized: so that each use reads only what it needs
with all_sessions as not materialized (
    select * from {{ ref('all_sessions') }}
),

signed_up as (
    select all_sessions.alias_id from all_sessions
    {{ made_again('all_sessions') }}
    where all_sessions.is_signup_session
),

useful_sessions as (
    select all_sessions.* from all_sessions
    inner join signed_up on all_sessions.alias_id = signed_up.alias_id
    where all_sessions.is_first_session or all_sessions.is_signup_session
)

select * from useful_sessions
