with attribution as (
    select * from {{ ref('attribution') }}
),

all_sessions as (
    select * from {{ ref('all_sessions') }}
),

partitions as (
    select * from {{ ref('partitions') }}
),

period_types as (
    select unnest({{ period_types() }}) as cohort_type
),

newest_message as (
    select {{ report_date('max(last_occurred_at)') }} as newest_on from partitions
),

members as (
    select
        attribution.alias_id,
        coalesce(attribution.first_touch_channel, {{ quoted(unattributed_name()) }}) as channel,
        attribution.signup_timestamp,
        period_types.cohort_type,
        {{ period_start('period_types.cohort_type', report_date('attribution.signup_timestamp')) }} as cohort_start
    from attribution
    cross join period_types
),

-- the sign-up session counts from the sign-up on
active_days as (
    select
        members.alias_id,
        members.channel,
        members.cohort_type,
        members.cohort_start,
        {{ report_date('greatest(all_sessions.session_start, members.signup_timestamp)') }} as active_on
    from members
    inner join all_sessions
        on members.alias_id = all_sessions.alias_id
        and members.signup_timestamp <= all_sessions.session_end
),

aged as (
    select
        *,
        {{ periods_between('cohort_type', 'cohort_start', period_start('cohort_type', 'active_on')) }} as age
    from active_days
),

active_counts as (
    select
        cohort_type,
        cohort_start,
        channel,
        age,
        count(distinct alias_id) as active_count
    from aged
    group by cohort_type, cohort_start, channel, age
),

cohorts as (
    select
        members.cohort_type,
        members.cohort_start,
        members.channel,
        count(*) as signup_count,
        {{ period_start('members.cohort_type', 'newest_message.newest_on') }} as newest_period_start
    from members
    cross join newest_message
    group by members.cohort_type, members.cohort_start, members.channel, newest_message.newest_on
),

with_newest_age as (
    select
        *,
        {{ periods_between('cohort_type', 'cohort_start', 'newest_period_start') }} as newest_age
    from cohorts
),

cohort_ages as (
    select
        *,
        {{ numbers_up_to('newest_age') }} as age
    from with_newest_age
),

signup_retention as (
    select
        cohort_ages.cohort_type,
        cohort_ages.channel,
        cast(cohort_ages.age as bigint) as age,
        cohort_ages.signup_count,
        coalesce(active_counts.active_count, 0) as active_count,
        cast(coalesce(active_counts.active_count, 0) as double precision) / cohort_ages.signup_count as active_share,
        -- the newest period is not over yet
        cohort_ages.age < cohort_ages.newest_age as is_complete,
        cohort_ages.cohort_start
    from cohort_ages
    left join active_counts
        on cohort_ages.cohort_type = active_counts.cohort_type
        and cohort_ages.cohort_start = active_counts.cohort_start
        and cohort_ages.channel = active_counts.channel
        and cohort_ages.age = active_counts.age
)

select * from signup_retention
