-- The least that any pipeline has to do: one hash aggregate over the columns that sessions are made of, one pass over the data.
-- Every column of it is used, so that no engine leaves one out.
select
    count(*),
    sum(event_count),
    min(first_at),
    max(last_at),
    min(first_event_id),
    min(landing_page_url),
    max(exit_page_url)
from (
    select
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        floor(extract(epoch from occurred_at) / 1200) as bucket_number,
        count(*) as event_count,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        min(event_id) as first_event_id,
        min(page_url) as landing_page_url,
        max(page_url) as exit_page_url
    from partitioning.app_tracks
    where is_session_event
    group by 1, 2, 3
) as buckets;
