{{ config(meta={'holds_all_for_rebuilt': true}) }}

-- Two events of one device in the same clock interval of session-gap length are less than a gap apart, so they are in
-- one session: all further work is done on these intervals, not on messages. An id that is not there is '' from here
-- on, which is equal to itself in joins.
with app_tracks as (
    select
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        {{ event_stamp('occurred_at', 'event_id') }} as event_stamp,
        {{ event_stamp('occurred_at', 'event_id', 'page_url') }} as page_stamp,
        page_url like {{ quoted(var('blog_url_pattern')) }} as is_blog,
        message_type in ('pages', 'screens') as is_page,
        -- always with a tab after the id, as page_stamp has, because attribution compares the two
        case
            when {{ is_event_named(var('signup_events')) }}
                then {{ event_stamp('occurred_at', 'event_id', "coalesce(page_url, '')") }}
        end as signup_stamp,
        message_type in ('pages', 'screens')
        or page_url is not null or page_referrer is not null or {{ without_blanks('user_agent') }} != '' as is_seen,
        is_session_event,
        batch_id,
        occurred_at,
        {{ clock_bucket('occurred_at') }} as bucket_start
    from {{ ref('app_tracks') }}
    where batch_id > {{ applied_by_all_readers(model.name) }}
),

batch_intervals as (
    select
        anonymous_id,
        user_id,
        min(event_stamp) as first_event,
        min(page_stamp) as landing_page,
        max(page_stamp) as exit_page,
        min(page_stamp) filter (where is_blog) as blog_page,
        min(signup_stamp) as signup_event,
        count(*) as event_count,
        count(*) filter (where is_page) as page_count,
        is_session_event,
        batch_id,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        min(occurred_at) filter (where is_seen) as seen_at
    from app_tracks
    group by anonymous_id, user_id, bucket_start, is_session_event, batch_id
)

select * from batch_intervals
