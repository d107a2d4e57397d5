{{ config(materialized=hint_part()) }}

-- depends_on: {{ ref('changed_persons') }}
with session_visits as (
    select session_visits.* from {{ batch_rows('session_visits') }} as session_visits
    where {{ of_this_part(ref('session_visits'), 'alias_id') }}
),

devices as (
    select anonymous_id, user_id, min(visit_start) as first_visit_start from session_visits
    group by anonymous_id, user_id
),

touch_evidence as (
    {{ hint_rows_of_devices(ref('touch_evidence'), 'devices', 'occurred_at', 'devices.first_visit_start') }}
),

evidence_classes as (
    select * from {{ ref('evidence_classes') }}
),

-- by day, so that a device's visits are not all compared with all its evidence
days_of_visits as (
    select
        *,
        {{ each_day('visit_start', 'visit_end') }} as day
    from session_visits
),

in_sessions as (
    select
        days_of_visits.alias_id,
        days_of_visits.session_number,
        days_of_visits.session_id,
        days_of_visits.session_start,
        days_of_visits.landing_page_url,
        touch_evidence.*,
        evidence_classes.click_id_name,
        evidence_classes.is_external_referrer as is_from_other_site,
        evidence_classes.return_paths,
        -- as return_paths are written: /auth/ also stands for /auth
        case
            when evidence_classes.return_paths is not null then lower({{ url_path('touch_evidence.page_url') }}) || '/'
        end as path,
        row_number() over (
            partition by days_of_visits.alias_id, days_of_visits.session_number, touch_evidence.referrer_host
            order by touch_evidence.occurred_at, touch_evidence.event_id, touch_evidence.message_type
        ) as event_of_referrer_host
    from days_of_visits
    inner join touch_evidence
        on days_of_visits.anonymous_id = touch_evidence.anonymous_id
        and days_of_visits.user_id = touch_evidence.user_id
        and days_of_visits.day = cast(touch_evidence.occurred_at as date)
        and touch_evidence.occurred_at between days_of_visits.visit_start and days_of_visits.visit_end
    inner join evidence_classes on touch_evidence.combination_id = evidence_classes.combination_id
    where evidence_classes.has_evidence or touch_evidence.referrer_host is not null
),

with_referrer as (
    select
        *,
        is_from_other_site
        and (return_paths is null or not {{ has_any_part('path', 'return_paths') }}) as is_external_referrer
    from in_sessions
),

-- single-page apps keep the referrer of their landing, so it counts only once in a session
evidence as {{ hint_computed_once() }} (
    select
        *,
        case
            when {{ is_told_by_referrer() }} and not is_external_referrer then {{ combination_id('null') }}
            else combination_id
        end as evidence_combination_id,
        case when is_external_referrer then referrer end as external_referrer,
        case when is_external_referrer then referrer_host end as external_host,
        {{ named_parameter('parameters', 'click_id_name') }} as raw_click_id
    from with_referrer
    where
        has_campaign_parameter
        or click_id_name is not null
        or (is_external_referrer and event_of_referrer_host = 1)
),

with_click_id as {{ hint_computed_once() }} (
    select *, {{ decoded('raw_click_id') }} as click_id from evidence
),

compared as (
    select *, {{ evidence_text() }} as evidence from with_click_id
),

session_evidence as (
    select
        event_id,
        session_id,
        alias_id,
        session_number,
        evidence_combination_id as combination_id,
        utm_campaign,
        utm_term,
        utm_content,
        external_referrer as referrer,
        external_host as referrer_host,
        click_id,
        page_url,
        landing_page_url,
        row_number() over session_order as evidence_number,
        evidence,
        lag(evidence) over session_order as evidence_before,
        -- the first evidence says where the session came from if it is early enough
        row_number() over session_order = 1 and occurred_at <= session_start + {{ entry_window() }} as is_entry,
        session_start,
        occurred_at
    from compared
    window session_order as (partition by alias_id, session_number order by occurred_at, event_id, message_type)
)

select * from session_evidence
