-- The spans of a device are numbered 1, 2, 3 in the order of time, and two spans in a row are of different users.
with identity_spans as (
    select * from {{ ref('identity_spans') }}
),

ordered as (
    select
        *,
        lag(user_id) over device as previous_user_id,
        lag(span_end) over device as previous_span_end,
        row_number() over device as place
    from identity_spans
    window device as (partition by anonymous_id order by span_number)
)

select * from ordered
where span_number != place or user_id = previous_user_id or span_start < previous_span_end or span_end < span_start
