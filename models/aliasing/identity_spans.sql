{{ config(unique_key=['anonymous_id', 'span_number'], meta={'replaced_by': ['anonymous_id']},
    indexes=lookup_indexes([['anonymous_id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

app_tracks as (
    select message_type, event_id, anonymous_id, user_id, occurred_at from {{ ref('app_tracks') }}
    union all
    select message_type, event_id, anonymous_id, user_id, occurred_at from {{ state_table('archived_messages') }}
),

arrived as (
    select anonymous_id, user_id, first_at, last_at from batch_intervals
    where anonymous_id != '' and user_id != ''
),

periods as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select anonymous_id, user_id, span_start as first_at, span_end as last_at from {{ this }}
    where anonymous_id in (select anonymous_id from arrived)
    {%- endif %}
),

devices as (
    select
        anonymous_id,
        min(user_id) as user_id,
        min(user_id) = max(user_id) as has_one_user,
        min(first_at) as first_at,
        max(last_at) as last_at
    from periods
    group by anonymous_id
),

shared_periods as (
    select periods.* from periods
    inner join devices on periods.anonymous_id = devices.anonymous_id
    where not devices.has_one_user
),

-- periods that overlap, in whatever order they came, form one cluster
marked as (
    select
        *,
        case
            when first_at <= max(last_at) over (
                partition by anonymous_id order by first_at, last_at, user_id
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as starts_cluster
    from shared_periods
),

clustered as (
    select
        *,
        sum(starts_cluster) over (
            partition by anonymous_id order by first_at, last_at, user_id rows unbounded preceding
        ) as cluster_number
    from marked
),

clusters as (
    select
        anonymous_id,
        cluster_number,
        min(user_id) as user_id,
        min(user_id) = max(user_id) as has_one_user,
        min(first_at) as first_at,
        max(last_at) as last_at
    from clustered
    group by anonymous_id, cluster_number
),

-- only where users took turns within one cluster does the order of their messages have to be read
shared_clusters as (
    select * from clusters
    where not has_one_user
),

-- where there are none, no message is looked for: a null would be compared with every one
shared_period as (
    select coalesce(min(first_at), timestamp 'infinity') as first_at, max(last_at) as last_at from shared_clusters
),

-- Clusters do not overlap, so a message lies in the one that began last, or in none.
-- To compare times would compare each cluster of a device with each of its messages.
in_order as (
    select
        *,
        max(last_at) over (
            partition by anonymous_id order by first_at, is_message rows unbounded preceding
        ) as cluster_last_at
    from (
        select anonymous_id, '' as user_id, '' as event_id, '' as message_type, first_at, last_at, 0 as is_message
        from shared_clusters
        union all
        select anonymous_id, user_id, event_id, message_type, occurred_at as first_at, null as last_at, 1 as is_message
        from app_tracks
        where
            anonymous_id in (select anonymous_id from shared_clusters)
            and user_id is not null
            -- so that other months are not read
            and occurred_at >= (select first_at from shared_period)
            and occurred_at <= (select last_at from shared_period)
    ) as clusters_and_messages
),

turns as (
    select anonymous_id, user_id, event_id, message_type, first_at, first_at as last_at from in_order
    where is_message = 1 and first_at <= cluster_last_at
    union all
    select anonymous_id, user_id, '' as event_id, '' as message_type, first_at, last_at from clusters
    where has_one_user
),

user_changes as (
    select
        *,
        case
            when user_id = lag(user_id) over (partition by anonymous_id order by first_at, event_id, message_type)
                then 0
            else 1
        end as is_change
    from turns
),

numbered as (
    select
        *,
        sum(is_change) over (
            partition by anonymous_id order by first_at, event_id, message_type rows unbounded preceding
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
    from devices
    where has_one_user
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
