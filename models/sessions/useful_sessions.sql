{{ config(
    materialized='published',
    unique_key=['alias_id', 'session_number'],
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([['alias_id'], ['session_id'], ['channel']]),
    post_hook="{{ analyze_table() }}"
) }}

-- Has changed together with all_sessions.
-- depends_on: {{ ref('all_sessions') }}
select * from {{ ref('new_useful_sessions') }}
