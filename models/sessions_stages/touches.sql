{{ config(unique_key=['alias_id', 'touch_number'], meta={'since': 'touch_timestamp'},
    indexes=lookup_indexes([['alias_id', 'touch_timestamp'], ['session_id'], ['channel']])) }}

-- depends_on: {{ ref('changed_persons') }}
with session_visits as (
    select session_visits.* from {{ batch_rows('session_visits') }} as session_visits
    where {{ of_this_part(ref('session_visits'), 'alias_id') }}
),

session_evidence as (
    select * from {{ ref('session_evidence') }}
),

evidence_classes as (
    select * from {{ ref('evidence_classes') }}
),

earlier_touches as (
    {{ last_before_the_change(this, 'touch_timestamp', {'touch_number': 0}) }}
),

-- each change of evidence is an arrival
evidence_arrivals as (
    select
        case when is_entry then session_id else event_id end as touch_id,
        session_id,
        alias_id,
        session_number,
        combination_id,
        utm_campaign as campaign,
        utm_term as term,
        utm_content as content,
        referrer,
        referrer_host,
        click_id,
        case when is_entry then landing_page_url else page_url end as landing_page_url,
        is_entry,
        evidence_number,
        case when is_entry then session_start else occurred_at end as touch_timestamp
    from session_evidence
    where
        is_entry
        or evidence != evidence_before
        or (evidence_number = 1 and evidence != {{ no_evidence_text() }})
),

direct_entries as (
    select
        session_id as touch_id,
        session_id,
        alias_id,
        session_number,
        case
            when is_untracked then {{ untracked_combination_id() }} else {{ direct_combination_id() }}
        end as combination_id,
        null as campaign,
        null as term,
        null as content,
        null as referrer,
        null as referrer_host,
        null as click_id,
        landing_page_url,
        true as is_entry,
        0 as evidence_number,
        session_start as touch_timestamp
    from session_visits
    where
        is_session_start
        and not exists (
            select 1 from evidence_arrivals
            where
                evidence_arrivals.is_entry
                and evidence_arrivals.alias_id = session_visits.alias_id
                and evidence_arrivals.session_number = session_visits.session_number
        )
),

arrivals as (
    select * from evidence_arrivals
    union all
    select * from direct_entries
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
        coalesce(earlier_touches.touch_number, 0) + row_number() over (
            -- events of several collections may share an id and a time
            partition by arrivals.alias_id
            order by arrivals.touch_timestamp, arrivals.touch_id, arrivals.evidence_number
        ) as touch_number,
        evidence_classes.is_direct,
        evidence_classes.is_paid,
        evidence_classes.is_untracked,
        evidence_classes.is_attributed,
        arrivals.touch_timestamp
    from arrivals
    inner join evidence_classes on arrivals.combination_id = evidence_classes.combination_id
    left join earlier_touches on arrivals.alias_id = earlier_touches.alias_id
)

select * from touches
{{ hint_in_order_of('touch_timestamp') }}
