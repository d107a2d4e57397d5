-- Everything stored about one person, one query per kind of row.

-- query: persons
select id, id_type, alias_id from {aliasing}.aliases where id = %s order by id_type desc

-- query: ids
with own as (
    select id, id_type from {aliasing}.aliases where alias_id = %s
    union
    select anonymous_id, 'anonymous_id' from {sessions_stages}.session_visits
    where alias_id = %s and anonymous_id != ''
    union
    select known_pairs.anonymous_id, 'anonymous_id'
    from {aliasing}.known_pairs
    inner join {aliasing}.aliases on known_pairs.user_id = aliases.id and aliases.id_type = 'user_id'
    where aliases.alias_id = %s
)
select
    aliases.id, aliases.id_type, aliases.alias_id, aliases.user_count, aliases.first_seen_at, aliases.last_seen_at
from own
inner join {aliasing}.aliases on own.id = aliases.id and own.id_type = aliases.id_type
order by aliases.id_type desc, aliases.first_seen_at, aliases.id

-- query: pairs
select
    known_pairs.anonymous_id, known_pairs.user_id, aliases.alias_id, known_pairs.first_seen_at,
    known_pairs.last_seen_at
from {aliasing}.known_pairs
inner join {aliasing}.aliases on known_pairs.user_id = aliases.id and aliases.id_type = 'user_id'
where known_pairs.anonymous_id = any(%s)
order by known_pairs.anonymous_id, known_pairs.first_seen_at, known_pairs.user_id

-- query: owners
select
    device_owners.anonymous_id, device_owners.owner_number, device_owners.user_id, device_owners.alias_id,
    device_owners.owns_after, device_owners.owns_until, identity_spans.span_start, identity_spans.span_end
from {aliasing}.device_owners
left join {aliasing}.identity_spans
    on device_owners.anonymous_id = identity_spans.anonymous_id
    and device_owners.owner_number = identity_spans.span_number
    and device_owners.user_id = identity_spans.user_id
where device_owners.anonymous_id = any(%s)
order by device_owners.anonymous_id, device_owners.owner_number

-- query: identifying
-- Detached messages still have their ids.
select message_type, event_id, anonymous_id, user_id, occurred_at from {partitioning}.app_tracks
where occurred_at = any(%s) and anonymous_id = any(%s) and user_id is not null
union all
select message_type, event_id, anonymous_id, user_id, occurred_at from {refresh}.archived_messages
where occurred_at = any(%s) and anonymous_id = any(%s) and user_id is not null
union all
select 'aliases', event_id, previous_id, user_id, occurred_at from {aliasing}.alias_messages
where occurred_at = any(%s) and previous_id = any(%s) and is_pair
order by occurred_at, event_id, message_type

-- query: groups
select user_id, alias_id, unmerged_reason, user_count from {aliasing}.persons_of_users where user_id = any(%s)

-- query: links
select user_id, linked_user_id, event_id, note, occurred_at from {aliasing}.user_links
where user_id = any(%s) or linked_user_id = any(%s)
order by occurred_at, event_id

-- query: overrides
select id_a, id_b, action, note, effect from {aliasing}.applied_overrides
where id_a = any(%s) or id_b = any(%s)
order by id_a, id_b

-- query: visits
select
    session_visits.session_number, session_visits.anonymous_id, session_visits.user_id,
    session_visits.visit_start, session_visits.visit_end, device_sessions.event_count,
    device_sessions.page_count, device_sessions.landing_page, device_sessions.blog_page,
    device_sessions.signup_event, device_sessions.seen_at
from {sessions_stages}.session_visits
inner join {sessions_stages}.device_sessions
    on session_visits.anonymous_id = device_sessions.anonymous_id
    and session_visits.user_id = device_sessions.user_id
    and session_visits.visit_start = device_sessions.first_at
    and session_visits.alias_id = device_sessions.alias_id
where session_visits.alias_id = %s
order by session_visits.visit_start, device_sessions.first_event

-- query: sessions
select * from {sessions}.all_sessions where alias_id = %s order by session_number

-- query: touches
select
    touches.*, evidence_classes.source_rule, evidence_classes.referrer_pattern, evidence_classes.source_category,
    evidence_classes.category_pattern, evidence_classes.channel_rule_order,
    evidence_classes.has_evidence
from {sessions_stages}.touches
inner join {sessions_stages}.evidence_classes on touches.combination_id = evidence_classes.combination_id
where touches.alias_id = %s
order by touches.touch_number

-- query: evidence
select
    session_visits.session_number, touch_evidence.message_type, touch_evidence.event_id,
    touch_evidence.occurred_at, touch_evidence.combination_id, touch_evidence.page_url,
    touch_evidence.utm_source, touch_evidence.utm_medium, touch_evidence.utm_campaign,
    touch_evidence.utm_term, touch_evidence.utm_content, touch_evidence.referrer,
    touch_evidence.referrer_host, evidence_classes.has_evidence, evidence_classes.excluded_domain,
    evidence_classes.return_paths
from {sessions_stages}.session_visits
inner join {sessions_stages}.touch_evidence
    on session_visits.anonymous_id = touch_evidence.anonymous_id
    and session_visits.user_id = touch_evidence.user_id
    and touch_evidence.occurred_at between session_visits.visit_start and session_visits.visit_end
inner join {sessions_stages}.evidence_classes on touch_evidence.combination_id = evidence_classes.combination_id
where session_visits.alias_id = %s
order by touch_evidence.occurred_at, touch_evidence.event_id, touch_evidence.message_type

-- query: attribution
select * from {sessions}.attribution where alias_id = %s

-- query: restatements
-- Of each of their ids: what is theirs now may have been a person of its own before.
select batch_id, restated_at, alias_id, fact, old_value, new_value, cause, cause_detail from {refresh}.restatements
where alias_id = any(%s)
order by restated_at, alias_id, fact

-- query: signup_messages
select message_type, event_id, event_name, anonymous_id, user_id, occurred_at from {partitioning}.app_tracks
where occurred_at = %s and (event_name = any(%s) or event_display_name = any(%s)) and is_session_event
order by event_id, message_type

-- query: applied
select min(batch_id) as oldest_batch_id, max(batch_id) as newest_batch_id, max(refreshed_at) as refreshed_at
from {refresh}.models
where model = any(%s)
