{{ config(
    materialized='table',
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild(oldest_applied_batch_id(bucket_readers())) }}"]
) }}

-- Two events of one device in the same clock interval of session-gap length are less than a gap apart, so they are in
-- one session: all further work is done on these intervals, not on messages. An id that is not there is '' from here
-- on, which is equal to itself in joins.
with app_tracks as (
    select
        event_id,
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        page_url,
        case when page_url like {{ quoted(var('blog_url_pattern')) }} then page_url end as blog_url,
        message_type in ('pages', 'screens') as is_page,
        {{ is_one_of('event_name', var('signup_events')) }} as is_signup,
        is_session_event,
        batch_id,
        occurred_at,
        {{ clock_bucket('occurred_at') }} as bucket_start
    from {{ ref('app_tracks') }}
    where batch_id > {{ oldest_applied_batch_id(bucket_readers()) }}
),

message_buckets as (
    select
        anonymous_id,
        user_id,
        {{ first_by('event_id', 'occurred_at', 'event_id') }} as first_event_id,
        {{ first_id_by('page_url', 'occurred_at', 'event_id') }} as landing_event_id,
        {{ first_by('page_url', 'occurred_at', 'event_id') }} as landing_page_url,
        {{ last_id_by('page_url', 'occurred_at', 'event_id') }} as exit_event_id,
        {{ last_by('page_url', 'occurred_at', 'event_id') }} as exit_page_url,
        {{ first_id_by('blog_url', 'occurred_at', 'event_id') }} as blog_event_id,
        {{ first_by('blog_url', 'occurred_at', 'event_id') }} as blog_url,
        count(*) as event_count,
        count(case when is_page then 1 end) as page_count,
        is_session_event,
        batch_id,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        min(case when page_url is not null then occurred_at end) as landing_at,
        max(case when page_url is not null then occurred_at end) as exit_at,
        min(case when blog_url is not null then occurred_at end) as blog_at,
        min(case when is_signup then occurred_at end) as signup_at
    from app_tracks
    group by anonymous_id, user_id, bucket_start, is_session_event, batch_id
)

select * from message_buckets
