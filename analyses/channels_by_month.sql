-- Which channels grow? For each month and channel the sessions, the new visitors and the sign-ups.
--
-- How to read it. Sign-ups are in the channel of the person's first touch and in the month of the sign-up, visitors in that of
-- the first session: who signs up in a later month than they came is in both months, so the ratio of two columns is no
-- conversion (see first_session_signups_by_channel, or the metric conversion_to_signup).
--
-- month: in report_timezone. sessions: by the channel of their entry. visitors: persons by their first session. signups: by first
-- touch. signup_change: against the month before, in sign-ups; null in the first month.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

entries as (
    select
        {{ period_start("'month'", report_date('session_start')) }} as month,
        channel,
        1 as sessions,
        case when is_first_session then 1 else 0 end as visitors,
        0 as signups
    from all_sessions
    union all
    select
        {{ period_start("'month'", report_date('signup_timestamp')) }} as month,
        coalesce(first_touch_channel, {{ quoted(unattributed_name()) }}) as channel,
        0 as sessions,
        0 as visitors,
        1 as signups
    from attribution
),

counted as (
    select
        month,
        channel,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(visitors) as bigint) as visitors,
        cast(sum(signups) as bigint) as signups
    from entries
    group by month, channel
),

-- a channel that nobody came by in the month before had 0 sign-ups then
with_month_before as (
    select
        counted.*,
        coalesce(months_before.signups, 0) as signups_before,
        min(counted.month) over () as first_month
    from counted
    left join counted as months_before
        on counted.channel = months_before.channel
        and counted.month = cast(months_before.month + interval '1 month' as date)
)

select
    month,
    channel,
    sessions,
    visitors,
    signups,
    case when month > first_month then signups - signups_before end as signup_change
from with_month_before
order by month, signups desc, channel
