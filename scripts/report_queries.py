"""The queries of the report: one SQL text for both engines, on published tables and the log of refreshes only.

Days are those of report_timezone, which is the first value (%s) of every query that needs it. Rows that texts name are
put in order elsewhere: databases differ in how they order texts.
"""

# What everything else is measured by: the days of the first and the last session.
BOUNDS = """
    select
        cast(min(session_start) at time zone 'UTC' at time zone %s as date) as first_on,
        cast(max(session_end) at time zone 'UTC' at time zone %s as date) as last_on
    from {sessions}.all_sessions
"""
IS_TIME_ZONE = "select 1 as found from pg_timezone_names() where name = %s"
ACTIVITY = """
    with dated as (
        select alias_id, cast(session_start at time zone 'UTC' at time zone %s as date) as day
        from {sessions}.all_sessions
    )
    select count(*) as sessions, count(distinct alias_id) as visitors from dated
    where day >= %s and day < %s
"""
# Of each first touch the sign-ups of every day; first_channel and last_channel as the marts name them.
SIGNUPS = """
    select
        cast(signup_timestamp at time zone 'UTC' at time zone %s as date) as day,
        coalesce(first_touch_channel, '(unattributed)') as first_channel,
        coalesce(last_touch_channel, '(unattributed)') as last_channel,
        count(*) as signups
    from {sessions}.attribution
    group by 1, 2, 3
"""
# The marts follow the time zone they were made with: these are the same sign-ups by their days.
MART_WEEKS = """
    select cohort_start as period_start, sum(signup_count) as signups from {reporting}.signup_retention
    where cohort_type = 'week' and age = 0
    group by cohort_start
"""
MONEY = """
    select currency, sum(signups) as signups, sum(cost) as cost, sum(revenue) as revenue
    from {reporting}.channel_performance
    where model = 'first' and period_type = %s and period_start >= %s and period_start < %s
    group by currency
"""
MONEY_ROWS = """
    select
        exists (select 1 from {reporting}.ad_costs) as has_costs,
        exists (select 1 from {reporting}.person_revenue) as has_revenue
"""
CAMPAIGNS = """
    select
        channel, source, medium, campaign, currency, sum(signups) as signups, sum(cost) as cost, sum(revenue) as revenue,
        nullif(sum(cost), 0) / nullif(sum(signups), 0) as cac,
        sum(revenue) / nullif(sum(signups), 0) as ltv,
        sum(revenue) / nullif(sum(cost), 0) as roas
    from {reporting}.campaign_performance
    where model = %s and period_type = 'month' and period_start >= %s
    group by channel, source, medium, campaign, currency
"""
CREDITS = "select model, channel, signups from {reporting}.channel_credits"
RETENTION = """
    select channel, age, sum(signup_count) as signups, sum(active_count) as active
    from {reporting}.signup_retention
    where cohort_type = %s and is_complete
    group by channel, age
"""
TIME_TO_SIGNUP = """
    select measure, value, sum(signup_count) as signups from {reporting}.time_to_signup
    group by measure, value
"""
HEALTH = """
    select last_status, last_success_at, newest_message_at, newest_message_lag_seconds, last_duration_seconds
    from {refresh}.refresh_health
"""
RUNS = """
    select batch_id, status, started_at, seconds, error from {refresh}.refresh_runs
    order by started_at desc, batch_id desc
    limit 10
"""
MONTHS = """
    select month, row_count + detached_row_count as messages, newest_batch_id from {partitioning}.partitions
    order by month
"""
NEWEST = "select max(last_occurred_at) as newest_at from {partitioning}.partitions"
REJECTED = """
    select reason, count(*) as messages from {partitioning}.rejected_events
    group by reason
"""
# The newest days only: on PostgreSQL other months are not even opened.
RECENT = """
    select
        count(*) as messages,
        count(*) filter (where is_clock_corrected) as clock_corrected,
        count(*) filter (where loaded_at > occurred_at + interval '1 day') as late,
        percentile_cont(0.5) within group (order by extract(epoch from loaded_at - occurred_at)) as median_seconds,
        percentile_cont(0.95) within group (order by extract(epoch from loaded_at - occurred_at)) as p95_seconds
    from {partitioning}.app_tracks
    where occurred_at >= %s
"""
