with source as (
    {{ source_rows('pages') }}
),

stg_pages as (
    select
        message_type,
        id as event_id,
        anonymous_id,
        user_id,
        {{ as_id_text('null') }} as previous_id,
        nullif(name, '') as event_name,
        {{ as_id_text('null') }} as event_display_name,
        coalesce({{ text_or_null('url') }}, {{ text_or_null('context_page_url') }}) as page_url,
        coalesce(nullif(path, ''), nullif(context_page_path, '')) as page_path,
        coalesce(nullif(title, ''), nullif(context_page_title, '')) as page_title,
        coalesce({{ text_or_null('referrer') }}, {{ text_or_null('context_page_referrer') }}) as page_referrer,
        coalesce(nullif(search, ''), nullif(context_page_search, '')) as page_search,
        nullif(context_campaign_source, '') as utm_source,
        nullif(context_campaign_medium, '') as utm_medium,
        nullif(context_campaign_name, '') as utm_campaign,
        nullif(context_campaign_term, '') as utm_term,
        nullif(context_campaign_content, '') as utm_content,
        context_user_agent as user_agent,
        context_ip as ip,
        {{ passed_columns() }}
        source_place,
        {{ staged_times() }}
    from source
)

select * from stg_pages
