{{ config(unique_key=['alias_id', 'session_number'],
    meta={'rows': 'batch_sessions', 'since': 'session_start'},
    indexes=lookup_indexes([['alias_id', 'session_start'], ['session_id'], ['session_start'], ['signup_timestamp'], ['channel']])) }}

-- Published in the same transaction as attribution.
-- depends_on: {{ ref('attribution') }}
select * from {{ ref('batch_sessions') }}
