-- How much of what we see is direct, that is, without any sign of where it came from? For each month the share of sessions and of
-- sign-ups, and how many of the direct sign-ups had a source earlier on.
--
-- How to read it. A high or growing share means that links lose their parameters or referrers (apps, e-mails, redirects), or that
-- people know the name. A touch at which no browser or app was seen is untracked, not direct: see `unseen`, which is high when a server
-- reports sign-ups without the browser's anonymous id. `known_before` is what "last non-direct" credit would give back to a source.
--
-- month: of the session or of the sign-up, in report_timezone. All others are percentages. sessions: of all sessions, the direct ones.
-- first_touch, last_touch: of those who signed up, with a direct first or last touch. known_before: of them, with a direct last
-- touch but an earlier one that was not. unseen: of them, those without a browser or app up to the sign-up.
with all_sessions as (
    select * from {{ ref('all_sessions') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

touch_credits as (
    select * from {{ ref('touch_credits') }}
    where model = 'last_non_direct'
),

session_months as (
    select
        {{ period_start("'month'", report_date('session_start')) }} as month,
        count(*) as session_count,
        count(case when is_direct then 1 end) as direct_session_count
    from all_sessions
    group by 1
),

signup_months as (
    select
        {{ period_start("'month'", report_date('attribution.signup_timestamp')) }} as month,
        count(*) as signup_count,
        count(case when attribution.first_touch_source = '(direct)' then 1 end) as first_direct_count,
        count(case when attribution.last_touch_source = '(direct)' then 1 end) as last_direct_count,
        count(
            case when attribution.last_touch_source = '(direct)' and touch_credits.source is distinct from '(direct)' then 1 end
        ) as last_direct_with_source_count,
        count(case when attribution.signup_evidence = 'none' then 1 end) as unseen_count
    from attribution
    inner join touch_credits on attribution.alias_id = touch_credits.alias_id
    group by 1
)

select
    session_months.month,
    round(100.0 * session_months.direct_session_count / session_months.session_count, 1) as sessions,
    round(100.0 * signup_months.first_direct_count / signup_months.signup_count, 1) as first_touch,
    round(100.0 * signup_months.last_direct_count / signup_months.signup_count, 1) as last_touch,
    round(100.0 * signup_months.last_direct_with_source_count / signup_months.signup_count, 1) as known_before,
    round(100.0 * signup_months.unseen_count / signup_months.signup_count, 1) as unseen
from session_months
left join signup_months on session_months.month = signup_months.month
order by session_months.month
