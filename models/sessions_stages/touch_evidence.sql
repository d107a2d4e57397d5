{{ config(
    materialized='incremental',
    incremental_strategy='append_rows',
    indexes=lookup_indexes([['anonymous_id', 'user_id'], ['combination_id']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

-- What may be evidence of where a visit came from, taken from each message once. Whether it is evidence, and of what, is
-- decided later by the rules, so that an edited rule needs no message again.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
    where batch_id > {{ applied_batch_id() }} and is_session_event
),

candidates as (
    select
        event_id,
        message_type,
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        page_url,
        page_referrer,
        case when page_url like '%?%' then {{ url_query('page_url') }} end as query,
        case when page_referrer is not null then {{ url_host('page_referrer') }} end as referrer_host,
        case when page_referrer is not null then {{ url_host('page_url') }} end as page_host,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        occurred_at
    from app_tracks
    where
        page_referrer is not null
        or page_url like '%?%'
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
),

parsed as (
    select
        event_id,
        message_type,
        anonymous_id,
        user_id,
        page_url,
        query,
        coalesce(nullif(trim(utm_source), ''), {{ query_parameter('query', 'utm_source') }}) as utm_source,
        coalesce(nullif(trim(utm_medium), ''), {{ query_parameter('query', 'utm_medium') }}) as utm_medium,
        coalesce(nullif(trim(utm_campaign), ''), {{ query_parameter('query', 'utm_campaign') }}) as utm_campaign,
        coalesce(nullif(trim(utm_term), ''), {{ query_parameter('query', 'utm_term') }}) as utm_term,
        coalesce(nullif(trim(utm_content), ''), {{ query_parameter('query', 'utm_content') }}) as utm_content,
        {{ parameter_names('query') }} as parameter_names,
        case when {{ is_other_site('referrer_host', 'page_host') }} then page_referrer end as referrer,
        case when {{ is_other_site('referrer_host', 'page_host') }} then referrer_host end as referrer_host,
        occurred_at
    from candidates
),

with_evidence as (
    select
        *,
        coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null as has_campaign_parameter
    from parsed
    where
        coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content, referrer_host) is not null
        or parameter_names != ''
),

touch_evidence as (
    select
        event_id,
        message_type,
        anonymous_id,
        user_id,
        {{ combination_id() }} as combination_id,
        page_url,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        referrer,
        referrer_host,
        parameter_names,
        has_campaign_parameter,
        {{ current_batch_id() }} as batch_id,
        occurred_at
    from with_evidence
)

select * from touch_evidence
