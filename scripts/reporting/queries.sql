-- The queries of the report: one text for all engines, on published tables and the log of refreshes only.
--
-- Days are those of report_timezone, which is the first value (%s) of every query that needs it; Python knows none outside of the
-- years 1 to 9999. Rows named by texts are sorted elsewhere, because databases sort texts differently.

-- query: bounds
-- What everything else is measured by: the days of the first and the last session.
with days as (
    select
        least(greatest(cast(session_start at time zone 'UTC' at time zone %s as date), date '0001-01-01'), date '9999-12-31') as first_on,
        least(greatest(cast(session_end at time zone 'UTC' at time zone %s as date), date '0001-01-01'), date '9999-12-31') as last_on
    from {sessions}.all_sessions
)
select min(first_on) as first_on, max(last_on) as last_on from days

-- query: sessions
select
    least(greatest(cast(session_start at time zone 'UTC' at time zone %s as date), date '0001-01-01'), date '9999-12-31') as day,
    channel, count(*) as sessions
from {sessions}.all_sessions
group by 1, 2

-- query: visitors
-- Persons with a session on a day, by how many days before it they had the previous one (null: none), in all and by channel.
-- The visitors of a range of days are those without an earlier session in it.
with dated as (
    select distinct
        alias_id, channel,
        least(greatest(cast(session_start at time zone 'UTC' at time zone %s as date), date '0001-01-01'), date '9999-12-31') as day
    from {sessions}.all_sessions
),
visits as (
    select alias_id, channel, day from dated
    union
    select alias_id, null as channel, day from dated
),
returns as (
    select channel, day, day - lag(day) over (partition by alias_id, channel order by day) as days_since from visits
)
select day, channel, days_since, count(*) as visitors from returns
group by day, channel, days_since

-- query: signups
select
    least(greatest(cast(signup_timestamp at time zone 'UTC' at time zone %s as date), date '0001-01-01'), date '9999-12-31') as day,
    coalesce(first_touch_channel, '(unattributed)') as first_channel,
    coalesce(last_touch_channel, '(unattributed)') as last_channel,
    cast(floor(days_to_signup) as integer) as days,
    session_count_before_signup + 1 as sessions,
    count(*) as signups
from {sessions}.attribution
group by 1, 2, 3, 4, 5

-- query: mart_days
-- The marts follow the time zone they were made with: these are the same sign-ups by their days.
select happened_on as day, sum(signups) as signups from {reporting}.performance_entries
where model = 'first' and signups > 0
group by happened_on

-- query: channels
select
    happened_on as day, model, channel, currency, sum(signups) as signups, sum(cost) as cost, sum(revenue) as revenue
from {reporting}.performance_entries
group by happened_on, model, channel, currency

-- query: campaigns
select
    happened_on as day, campaign, source, medium, channel, currency,
    sum(signups) as signups, sum(cost) as cost, sum(revenue) as revenue
from {reporting}.performance_entries
where model = %s
group by happened_on, campaign, source, medium, channel, currency

-- query: retention
select cohort_start, channel, age, signup_count as signups, active_count as active
from {reporting}.signup_retention
where cohort_type = %s and is_complete

-- query: persons
-- The persons of each channel who paid most, or else signed up last.
with paid as (
    select alias_id, sum(revenue) as revenue from {reporting}.person_revenue
    where currency = %s
    group by alias_id
),
ranked as (
    select
        attribution.alias_id, coalesce(first_touch_channel, '(unattributed)') as channel, paid.revenue,
        row_number() over (
            partition by first_touch_channel
            order by coalesce(paid.revenue, 0) desc, attribution.signup_timestamp desc, attribution.alias_id
        ) as place
    from {sessions}.attribution
    left join paid on attribution.alias_id = paid.alias_id
)
select alias_id, channel, revenue, place from ranked
where place <= %s

-- query: health
select last_status, last_success_at, newest_message_at, newest_message_lag_seconds, last_duration_seconds
from {refresh}.refresh_health

-- query: runs
select batch_id, status, started_at, seconds, error from {refresh}.refresh_runs
order by started_at desc, batch_id desc
limit 10

-- query: months
select month, row_count + detached_row_count as messages, newest_batch_id from {partitioning}.partitions
order by month

-- query: newest
select max(last_occurred_at) as newest_at from {partitioning}.partitions

-- query: rejected
select reason, count(*) as messages from {partitioning}.rejected_events
group by reason

-- query: recent
-- The newest days only: on PostgreSQL other months are not even opened.
select
    count(*) as messages,
    count(*) filter (where is_clock_corrected) as clock_corrected,
    count(*) filter (where loaded_at > occurred_at + interval '1 day') as late,
    percentile_cont(0.5) within group (order by extract(epoch from loaded_at - occurred_at)) as median_seconds,
    percentile_cont(0.95) within group (order by extract(epoch from loaded_at - occurred_at)) as p95_seconds
from {partitioning}.app_tracks
where occurred_at >= %s

-- What has changed since the last report.

-- query: batches
select batch_id, max(changed_at) as changed_at from {reporting}.channel_totals_as_of
group by batch_id
order by batch_id

-- query: changed_months
-- Of months that were over, or nearly so, when the last report was made: all but the newest of them.
with totals as (
    select month, channel, batch_id, change from {reporting}.channel_totals_as_of
    where touch = 'first_touch' and conversion_name = 'signup'
)
select
    month, channel, cast(coalesce(sum(change) filter (where batch_id <= %s), 0) as bigint) as before,
    cast(sum(change) as bigint) as now
from totals
where month < (select max(month) from totals where batch_id <= %s)
group by month, channel
having coalesce(sum(change) filter (where batch_id <= %s), 0) != sum(change)

-- query: causes
select cause, count(*) as facts, count(distinct conversion_id) as signups from {refresh}.restatements
where batch_id > %s
group by cause

-- query: moves
-- No ids of messages or persons: a page gets passed on.
select
    old_value as before, new_value as now, cause, case when cause in ('rule', 'setting') then cause_detail end as detail,
    count(*) as signups
from {refresh}.restatements
where batch_id > %s and fact = 'first_touch_channel'
group by 1, 2, 3, 4
