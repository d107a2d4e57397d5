-- Which persons and messages to erase, in temporary tables named `erased_…`. `asked` has the requested ids.

-- An id of both a user and a device means the user. Rejected messages may have ids that occur nowhere else.
create temporary table erased_persons as
select distinct alias_id from {aliasing}.aliases as named
where
    id in (select id from asked)
    and (
        id_type = 'user_id'
        or not exists (select 1 from {aliasing}.aliases as users where users.id = named.id and users.id_type = 'user_id')
    );

create temporary table erased_rejected as
select distinct asked.id, case when rejected.user_id = asked.id then 'user_id' else 'anonymous_id' end as id_type
from asked
inner join {partitioning}.rejected_events as rejected on asked.id in (rejected.user_id, rejected.anonymous_id)
where not exists (select 1 from {aliasing}.aliases where aliases.id = asked.id);

create temporary table erased_users as
select id as user_id from {aliasing}.aliases
where id_type = 'user_id' and alias_id in (select alias_id from erased_persons)
union
select id from erased_rejected where id_type = 'user_id';

-- Their anonymous ids, and whether somebody else has them too: a message or an override names another user there, or an override keeps
-- the person from having them.
create temporary table erased_devices as
with devices as (
    select id as anonymous_id from {aliasing}.aliases
    where id_type = 'anonymous_id' and alias_id in (select alias_id from erased_persons)
    union
    select anonymous_id from {aliasing}.identity_spans
    where user_id in (select user_id from erased_users)
    union
    select anonymous_id from {sessions_stages}.session_visits
    where anonymous_id != '' and alias_id in (select alias_id from erased_persons)
    union
    select anonymous_id from {partitioning}.app_tracks
    where anonymous_id is not null and user_id in (select user_id from erased_users)
    union
    select anonymous_id from {refresh}.archived_messages
    where anonymous_id is not null and user_id in (select user_id from erased_users)
    union
    select id from erased_rejected where id_type = 'anonymous_id'
),

used as (
    select anonymous_id, user_id from {partitioning}.app_tracks
    union all
    select previous_id, user_id from {aliasing}.alias_messages
    union all
    select anonymous_id, user_id from {refresh}.archived_messages
    union all
    select anonymous_id, user_id from {aliasing}.identity_spans
),

shared as (
    select anonymous_id from used
    where
        anonymous_id in (select anonymous_id from devices)
        and user_id is not null
        and user_id not in (select user_id from erased_users)
    union
    select id from {aliasing}.aliases
    where
        id_type = 'anonymous_id'
        and id in (select anonymous_id from devices)
        and alias_id not in (select alias_id from erased_persons)
)

select anonymous_id, anonymous_id in (select anonymous_id from shared) as is_shared from devices;

create temporary table erased_ids as
select user_id as id, 'user_id' as id_type from erased_users
union
select anonymous_id, 'anonymous_id' from erased_devices where not is_shared;

create temporary table erased_overrides as
select id_a, id_b, action from {aliasing}.applied_overrides
where id_a in (select id from erased_ids) or id_b in (select id from erased_ids);

-- An anonymous message on a shared id belongs to the owner of its visit, or else to the owner of a visit that would start then.
create temporary table erased_messages as
with messages as (
    select message_type, event_id, null as content_hash, anonymous_id, user_id, previous_id, occurred_at
    from {partitioning}.app_tracks
    union all
    select archived.message_type, archived.event_id, null, archived.anonymous_id, archived.user_id, aliased.previous_id, archived.occurred_at
    from {refresh}.archived_messages as archived
    left join {aliasing}.alias_messages as aliased on archived.message_type = 'aliases' and archived.event_id = aliased.event_id
    union all
    select message_type, event_id, case when event_id is null then content_hash end, anonymous_id, user_id, null, occurred_at
    from {partitioning}.rejected_events
),

without_user as (
    select messages.*, coalesce(visits.alias_id, owners.alias_id, messages.anonymous_id) as alias_id
    from messages
    inner join erased_devices on messages.anonymous_id = erased_devices.anonymous_id and erased_devices.is_shared
    left join {sessions_stages}.session_visits as visits
        on messages.anonymous_id = visits.anonymous_id
        and visits.user_id = ''
        and messages.occurred_at between visits.visit_start and visits.visit_end
    left join {aliasing}.device_owners as owners
        on messages.anonymous_id = owners.anonymous_id
        and (owners.owns_after is null or messages.occurred_at > owners.owns_after)
        and (owners.owns_until is null or messages.occurred_at <= owners.owns_until)
    where messages.user_id is null and messages.occurred_at is not null
)

select message_type, event_id, content_hash, anonymous_id, user_id, occurred_at from messages
where
    user_id in (select user_id from erased_users)
    or anonymous_id in (select anonymous_id from erased_devices where not is_shared)
    or previous_id in (select id from erased_ids)
union
select message_type, event_id, content_hash, anonymous_id, user_id, occurred_at from without_user
where alias_id in (select alias_id from erased_persons);
