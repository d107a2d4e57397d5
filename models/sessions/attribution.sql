{{ config(
    materialized='published',
    unique_key='alias_id',
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([
        ['alias_id'], ['signup_timestamp'], ['first_touch_channel'], ['last_touch_channel']
    ]),
    post_hook="{{ analyze_table() }}"
) }}

-- Has changed together with all_sessions.
-- depends_on: {{ ref('all_sessions') }}
select * from {{ ref('new_attribution') }}
