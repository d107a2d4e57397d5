{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='alias_id',
    meta={'affected_by': 'affected_aliases'},
    indexes=lookup_indexes([['alias_id'], ['session_id'], ['channel', 'source']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

with session_members as (
    select * from {{ ref('session_members') }}
    {{ of_affected_aliases() }}
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
    {{ of_affected_aliases() }}
),

evidence_classes as (
    select * from {{ ref('evidence_classes') }}
),

devices as (
    select distinct anonymous_id, user_id from session_members
),

touch_evidence as (
    select * from {{ ref('touch_evidence') }}
    {%- if is_incremental() %}
    where (anonymous_id, user_id) in (select anonymous_id, user_id from devices)
    {%- endif %}
),

evidence as (
    select
        touch_evidence.*,
        case
            when evidence_classes.click_id_name is not null
                then {{ named_query_parameter('touch_evidence.page_url', 'evidence_classes.click_id_name') }}
        end as click_id,
        case when evidence_classes.is_external_referrer then touch_evidence.referrer end as external_referrer,
        case when evidence_classes.is_external_referrer then touch_evidence.referrer_host end as external_host
    from touch_evidence
    inner join evidence_classes on touch_evidence.combination_id = evidence_classes.combination_id
    where evidence_classes.has_evidence
),

-- the visit an event falls in is the last one of its device to begin before it
moments as (
    select anonymous_id, user_id, visit_start as moment, 0 as is_event, visit_start, null as event_id, null as message_type
    from session_members
    union all
    select anonymous_id, user_id, occurred_at, 1, null, event_id, message_type
    from evidence
),

placed as (
    select
        *,
        max(visit_start) over (
            partition by anonymous_id, user_id order by moment, is_event rows unbounded preceding
        ) as event_visit_start
    from moments
),

sessions as (
    select
        session_members.alias_id,
        session_members.session_number,
        session_members.session_id,
        {{ first_by('device_sessions.landing_page_url', 'device_sessions.landing_at', 'device_sessions.landing_event_id') }} as landing_page_url,
        min(session_members.visit_start) as session_start
    from session_members
    inner join device_sessions
        on session_members.anonymous_id = device_sessions.anonymous_id
        and session_members.user_id = device_sessions.user_id
        and session_members.visit_start = device_sessions.first_at
    group by session_members.alias_id, session_members.session_number, session_members.session_id
),

session_evidence as (
    select
        evidence.*,
        sessions.alias_id,
        sessions.session_number,
        sessions.session_id,
        sessions.session_start,
        row_number() over session_order as evidence_number,
        lag(evidence.utm_source) over session_order as previous_source,
        lag(evidence.utm_medium) over session_order as previous_medium,
        lag(evidence.utm_campaign) over session_order as previous_campaign,
        lag(evidence.external_host) over session_order as previous_host,
        lag(evidence.click_id) over session_order as previous_click_id
    from evidence
    inner join placed
        on evidence.event_id = placed.event_id and evidence.message_type = placed.message_type
    inner join session_members
        on placed.anonymous_id = session_members.anonymous_id
        and placed.user_id = session_members.user_id
        and placed.event_visit_start = session_members.visit_start
        and placed.moment <= session_members.visit_end
    inner join sessions
        on session_members.alias_id = sessions.alias_id and session_members.session_number = sessions.session_number
    window session_order as (
        partition by sessions.alias_id, sessions.session_number
        order by evidence.occurred_at, evidence.event_id, evidence.message_type
    )
),

entries as (
    select
        sessions.session_id as touch_id,
        sessions.session_id,
        sessions.alias_id,
        coalesce(session_evidence.combination_id, {{ direct_combination_id() }}) as combination_id,
        session_evidence.utm_campaign as campaign,
        session_evidence.utm_term as term,
        session_evidence.utm_content as content,
        session_evidence.external_referrer as referrer,
        session_evidence.external_host as referrer_host,
        session_evidence.click_id,
        sessions.landing_page_url,
        sessions.session_start as touch_timestamp
    from sessions
    left join session_evidence
        on sessions.alias_id = session_evidence.alias_id
        and sessions.session_number = session_evidence.session_number
        and session_evidence.evidence_number = 1
        and session_evidence.occurred_at <= sessions.session_start + {{ entry_window() }}
),

later_arrivals as (
    select
        event_id as touch_id,
        session_id,
        alias_id,
        combination_id,
        utm_campaign as campaign,
        utm_term as term,
        utm_content as content,
        external_referrer as referrer,
        external_host as referrer_host,
        click_id,
        page_url as landing_page_url,
        occurred_at as touch_timestamp
    from session_evidence
    where
        (
            evidence_number = 1
            and occurred_at > session_start + {{ entry_window() }}
            and coalesce(utm_source, utm_medium, utm_campaign, external_host, click_id) is not null
        )
        or (
            evidence_number > 1
            and (
                utm_source is distinct from previous_source
                or utm_medium is distinct from previous_medium
                or utm_campaign is distinct from previous_campaign
                or external_host is distinct from previous_host
                or click_id is distinct from previous_click_id
            )
        )
),

arrivals as (
    select * from entries
    union all
    select * from later_arrivals
),

touches as (
    select
        arrivals.touch_id,
        arrivals.session_id,
        arrivals.alias_id,
        arrivals.combination_id,
        evidence_classes.source,
        evidence_classes.medium,
        arrivals.campaign,
        arrivals.term,
        arrivals.content,
        arrivals.referrer,
        arrivals.referrer_host,
        evidence_classes.click_id_name,
        arrivals.click_id,
        arrivals.landing_page_url,
        evidence_classes.channel,
        row_number() over (
            partition by arrivals.alias_id order by arrivals.touch_timestamp, arrivals.touch_id
        ) as touch_number,
        not evidence_classes.has_evidence as is_direct,
        evidence_classes.is_paid,
        arrivals.touch_timestamp
    from arrivals
    inner join evidence_classes on arrivals.combination_id = evidence_classes.combination_id
)

select * from touches
