{{ config(
    materialized='incremental',
    incremental_strategy='only_new_rows',
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- not materialized: so that each use reads only what it needs
with all_sessions as not materialized (
    {{ sessions_to_be() }}
),

useful_sessions as not materialized (
    {{ sessions_to_be('useful_sessions') }}
),

signed_up as (
    select alias_id from useful_sessions
    where is_signup_session
),

new_useful_sessions as (
    select all_sessions.* from all_sessions
    inner join signed_up on all_sessions.alias_id = signed_up.alias_id
    where all_sessions.is_first_session or all_sessions.is_signup_session
)

select * from new_useful_sessions
