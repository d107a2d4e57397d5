{{ config(
    unique_key=['anonymous_id', 'span_number'], meta={'replaced_by': ['anonymous_id'], 'gone': "user_id = ''"},
    indexes=lookup_indexes([['anonymous_id', 'user_id'], ['user_id']])
) }}

with batch_periods as (
    {{ new_rows_of('batch_periods') }}
),

pair_messages as (
    select * from {{ ref('pair_messages') }}
),

-- the order of messages matters only where users took turns within one period
shared_periods as (
    select anonymous_id, first_at, last_at from batch_periods
    where user_id is null
),

-- without any, no message is searched for: a null would be compared with every one
shared_time as (
    select coalesce(min(first_at), {{ end_of_time() }}) as first_at, max(last_at) as last_at from shared_periods
),

-- Periods do not overlap, so a message is in the one that started last, or in none. Joining by time would compare
-- each period of a device with each of its messages.
in_order as (
    select
        *,
        max(last_at) over (
            partition by anonymous_id order by first_at, is_message rows unbounded preceding
        ) as period_last_at
    from (
        select anonymous_id, '' as user_id, '' as event_id, '' as message_type, first_at, last_at, 0 as is_message
        from shared_periods
        union all
        select anonymous_id, user_id, event_id, message_type, occurred_at as first_at, null as last_at, 1 as is_message
        from pair_messages
        where
            anonymous_id in (select anonymous_id from shared_periods)
            -- to skip other months
            and occurred_at >= (select first_at from shared_time)
            and occurred_at <= (select last_at from shared_time)
    ) as periods_and_messages
),

turns as (
    select anonymous_id, user_id, event_id, message_type, first_at, first_at as last_at from in_order
    where is_message = 1 and first_at <= period_last_at
    union all
    select anonymous_id, user_id, '' as event_id, '' as message_type, first_at, last_at from batch_periods
    where is_shared_device and user_id is not null
),

user_changes as (
    select
        *,
        case
            when user_id = lag(user_id) over (
                partition by anonymous_id order by first_at, event_id, message_type, user_id
            ) then 0
            else 1
        end as is_change
    from turns
),

numbered as (
    select
        *,
        sum(is_change) over (
            partition by anonymous_id order by first_at, event_id, message_type, user_id rows unbounded preceding
        ) as span_number
    from user_changes
),

identity_spans as (
    select
        anonymous_id,
        user_id,
        1 as span_number,
        first_at as span_start,
        last_at as span_end
    from batch_periods
    where not is_shared_device
    union all
    select
        anonymous_id,
        user_id,
        cast(span_number as integer) as span_number,
        min(first_at) as span_start,
        max(last_at) as span_end
    from numbered
    group by anonymous_id, user_id, span_number
)

select * from identity_spans
