{{ config(materialized='view') }}

with all_sessions as (
    select * from {{ ref('all_sessions') }}
    where is_first_session or is_signup_session
),

attribution as (
    select alias_id from {{ ref('attribution') }}
),

useful_sessions as (
    select all_sessions.* from all_sessions
    inner join attribution on all_sessions.alias_id = attribution.alias_id
)

select * from useful_sessions
