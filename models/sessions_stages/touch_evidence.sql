{{ config(incremental_strategy='append',
    indexes=lookup_indexes([['anonymous_id', 'user_id', 'occurred_at'], ['combination_id']])) }}

-- Possible evidence of where a visit came from, extracted once per message. Rules decide later whether it counts and
-- for what, so an edited rule does not read messages again.
with app_tracks as (
    select * from {{ ref('app_tracks') }}
    where batch_id > {{ applied_batch_id() }} and is_session_event
),

candidates as {{ hint_computed_once() }} (
    select
        event_id,
        message_type,
        coalesce(anonymous_id, '') as anonymous_id,
        coalesce(user_id, '') as user_id,
        page_url,
        page_referrer,
        page_search,
        {{ url_query('page_url') }} as query,
        {{ url_fragment('page_url') }} as fragment,
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
        or page_url like '%=%'
        or page_search like '%=%'
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
),

separated as (
    select
        *,
        {{ url_parameters('query', 'page_search', 'fragment') }} as all_parameters,
        {{ is_other_site('referrer_host', 'page_host') }} as is_other_site
    from candidates
    -- most were referred by the site itself, and say nothing else
    where
        {{ is_other_site('referrer_host', 'page_host') }}
        or page_url like '%=%'
        or page_search like '%=%'
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
),

with_parameters as {{ hint_computed_once() }} (
    select
        *,
        {{ valued_parameters('all_parameters') }} as parameters
    from separated
),

with_evidence as (
    select
        {%- for name in ['source', 'medium', 'campaign', 'term', 'content'] %}
        {{ query_parameter('parameters', 'utm_' ~ name) }} as url_{{ name }},
        {%- endfor %}
        *
    from with_parameters
    where
        is_other_site
        or parameters != ''
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
),

parsed as {{ hint_computed_once() }} (
    select
        event_id,
        message_type,
        anonymous_id,
        user_id,
        page_url,
        {%- for name in ['source', 'medium', 'campaign', 'term', 'content'] %}
        coalesce({{ given_value('utm_' ~ name) }}, {{ decoded('url_' ~ name) }}) as utm_{{ name }},
        {%- endfor %}
        {{ other_parameters('parameters') }} as parameters,
        case when is_other_site then page_referrer end as referrer,
        case when is_other_site then referrer_host end as referrer_host,
        occurred_at
    from with_evidence
),

with_names as (
    select
        *,
        {{ parameter_names('parameters') }} as parameter_names,
        coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null as has_campaign_parameter
    from parsed
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
        parameters,
        parameter_names,
        has_campaign_parameter,
        {{ current_batch_id() }} as batch_id,
        occurred_at
    from with_names
)

select * from touch_evidence
