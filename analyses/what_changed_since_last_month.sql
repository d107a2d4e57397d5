-- Which past months have changed? Sign-ups by month and channel of the first touch, as they stood at the end of last month and as they
-- are now, where the two differ.
--
-- How to read it. Late messages and late identifies change the past; refresh.restatements says which sign-ups these are, and why. No
-- rows also mean that nothing was published before this month, which is that of the newest change.
--
-- month, channel: of the sign-up and of its first touch. signups_then: at the end of last month. signups_now: today. change: the
-- difference.
with channel_totals_as_of as (
    select *
    from {{ ref('channel_totals_as_of') }}
    where touch = 'first_touch' and conversion_name = 'signup'
),

this_month as (
    select
        {{ period_start("'month'", report_date('max(changed_at)')) }} as first_day,
        {{ report_date('min(changed_at)') }} as published_since
    from channel_totals_as_of
),

what_changed as (
    select
        channel_totals_as_of.month,
        channel_totals_as_of.channel,
        cast(sum(change) filter (
            where {{ report_date('channel_totals_as_of.changed_at') }} < this_month.first_day
        ) as bigint) as signups_then,
        cast(sum(change) as bigint) as signups_now
    from channel_totals_as_of
    cross join this_month
    where channel_totals_as_of.month < this_month.first_day and this_month.published_since < this_month.first_day
    group by channel_totals_as_of.month, channel_totals_as_of.channel
)

select
    month,
    channel,
    coalesce(signups_then, 0) as signups_then,
    signups_now,
    signups_now - coalesce(signups_then, 0) as change
from what_changed
where signups_now != coalesce(signups_then, 0)
order by month desc, abs(signups_now - coalesce(signups_then, 0)) desc, channel
