{{ config(
    materialized='published',
    unique_key=['alias_id', 'session_number'],
    meta={'affected_by': 'affected_aliases', 'since': 'session_start', 'unpacked': ['alias_id']},
    indexes=lookup_indexes([['alias_id', 'session_start'], ['session_id'], ['session_start'], ['signup_timestamp'], ['channel']]),
    post_hook="{{ analyze_table() }}"
) }}

-- With this model all tables of the schema change, in one transaction.
-- depends_on: {{ ref('new_useful_sessions') }} {{ ref('new_attribution') }} {{ ref('affected_aliases') }}
select * from {{ ref('new_sessions') }}
