-- The sessions of a person do not overlap: each begins more than the session gap after the one before it ended.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

ordered as (
    select
        alias_id,
        session_number,
        session_start,
        session_end,
        row_number() over person as place,
        lag(session_end) over person as previous_session_end
    from all_sessions
    window person as (partition by alias_id order by session_start)
)

select * from ordered
where
    session_start <= previous_session_end + {{ session_gap() }}
    or session_end < session_start
    -- and session_number counts them 1, 2, 3 without a gap
    or session_number != place
