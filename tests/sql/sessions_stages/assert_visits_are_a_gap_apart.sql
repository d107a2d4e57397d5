-- Two visits in a row on one device are more than the session gap apart, else they would be one.
with device_sessions as (
    select * from {{ ref('device_sessions') }}
),

ordered as (
    select
        anonymous_id,
        user_id,
        first_at,
        last_at,
        lag(last_at) over (partition by anonymous_id, user_id order by first_at) as previous_last_at
    from device_sessions
)

select * from ordered
where first_at <= previous_last_at + {{ session_gap() }} or last_at < first_at
