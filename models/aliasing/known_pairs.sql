{{ config(materialized='view') }}

with identity_spans as (
    select * from {{ ref('identity_spans') }}
),

known_pairs as (
    select
        anonymous_id,
        user_id,
        min(span_start) as first_seen_at,
        max(span_end) as last_seen_at
    from identity_spans
    group by anonymous_id, user_id
)

select * from known_pairs
