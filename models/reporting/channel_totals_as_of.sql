-- Refreshes add to the table what changes; a batch in which a total did not change has no row of it.
-- depends_on: {{ ref('attribution') }}
with channel_changes as (
    select * from {{ state_table('channel_changes') }}
),

by_touch as (
    select
        batch_id, changed_at, conversion_name, converted_at, change,
        'first_touch' as touch, first_touch_channel as channel
    from channel_changes
    union all
    select
        batch_id, changed_at, conversion_name, converted_at, change,
        'last_touch' as touch, last_touch_channel as channel
    from channel_changes
),

by_month as (
    select
        conversion_name,
        touch,
        coalesce(channel, {{ quoted(unattributed_name()) }}) as channel,
        batch_id,
        cast(sum(change) as bigint) as change,
        {{ period_start("'month'", report_date('converted_at')) }} as month,
        max(changed_at) as changed_at
    from by_touch
    group by
        conversion_name,
        touch,
        coalesce(channel, {{ quoted(unattributed_name()) }}),
        batch_id,
        {{ period_start("'month'", report_date('converted_at')) }}
    having sum(change) != 0
),

channel_totals_as_of as (
    select
        conversion_name,
        touch,
        channel,
        batch_id,
        cast(sum(change) over (
            partition by conversion_name, touch, channel, month order by batch_id rows unbounded preceding
        ) as bigint) as conversions,
        change,
        month,
        changed_at
    from by_month
)

select * from channel_totals_as_of
