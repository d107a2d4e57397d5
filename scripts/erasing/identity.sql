-- Ids shared with others: they keep fewer messages, and an anonymous id fewer users, whose separate turns may now be one.

-- An id whose messages as an anonymous id were all erased no longer is one: alias messages of others that name it now link users.
create temporary table former_devices as
select anonymous_id from erased_devices
where
    is_shared
    and anonymous_id not in (select anonymous_id from {partitioning}.app_tracks where anonymous_id is not null)
    and anonymous_id not in (select anonymous_id from {refresh}.archived_messages where anonymous_id is not null);

create temporary table left_spans as
with spans as (
    select
        *,
        case
            when user_id = lag(user_id) over (partition by anonymous_id order by span_number) then 0
            else 1
        end as is_change
    from {aliasing}.identity_spans
    where
        anonymous_id in (select anonymous_id from erased_devices where is_shared)
        and anonymous_id not in (select anonymous_id from former_devices)
        and user_id not in (select user_id from erased_users)
),

numbered as (
    select *, sum(is_change) over (partition by anonymous_id order by span_number rows unbounded preceding) as number
    from spans
)

select anonymous_id, user_id, cast(number as integer) as span_number, min(span_start) as span_start, max(span_end) as span_end
from numbered
group by anonymous_id, user_id, number;

delete from {aliasing}.identity_spans where anonymous_id in (select anonymous_id from erased_devices);
insert into {aliasing}.identity_spans (anonymous_id, user_id, span_number, span_start, span_end)
select anonymous_id, user_id, span_number, span_start, span_end from left_spans;

-- Groups of linked users that the erased person was part of: the next refresh looks at the rest of each again. These users were separate
-- persons, because whoever is one person with an erased user is erased too.
create temporary table left_groups as
select user_id, group_id from {aliasing}.persons_of_users
where
    group_id in (select group_id from {aliasing}.persons_of_users where user_id in (select user_id from erased_users))
    or user_id in (select user_id from {aliasing}.alias_messages where previous_id in (select anonymous_id from former_devices));

delete from {aliasing}.persons_of_users where group_id in (select group_id from left_groups where user_id in (select user_id from erased_users));
-- Overrides of the rest of such a group count as new ones in the next refresh. The file of the seed is left to whoever wrote it.
delete from {seeds}.identity_overrides
where trim(id_a) in (select id from erased_ids) or trim(id_b) in (select id from erased_ids);
delete from {aliasing}.applied_overrides
where
    (id_a, id_b) in (select id_a, id_b from erased_overrides)
    or id_a in (select user_id from left_groups)
    or id_b in (select user_id from left_groups);

delete from {aliasing}.alias_messages where event_id in (select event_id from erased_messages where message_type = 'aliases');
update {aliasing}.alias_messages
set
    is_pair = is_pair and previous_id not in (select anonymous_id from former_devices),
    batch_id = (select max(batch_id) + 1 from {refresh}.batches)
where
    previous_id in (select anonymous_id from former_devices)
    or user_id in (select user_id from left_groups)
    or previous_id in (select user_id from left_groups);
update {refresh}.models set changed_batch_id = (select max(batch_id) + 1 from {refresh}.batches)
where model = 'alias_messages' and exists (select 1 from {aliasing}.alias_messages where alias_messages.batch_id > models.batch_id);

create temporary table left_owners as
with ranked as (
    select
        *,
        row_number() over (
            partition by anonymous_id
            order by case when {policy} = 'first' then first_seen_at end, case when {policy} = 'last' then last_seen_at end desc, user_id
        ) as choice
    from (
        select anonymous_id, user_id, min(span_start) as first_seen_at, max(span_end) as last_seen_at from {aliasing}.identity_spans
        where anonymous_id in (select anonymous_id from erased_devices where is_shared)
        group by anonymous_id, user_id
    ) as known_pairs
),

owners as (
    select
        anonymous_id,
        user_id,
        span_number as owner_number,
        lag(span_end) over (partition by anonymous_id order by span_number) as owns_after,
        case when lead(span_end) over (partition by anonymous_id order by span_number) is not null then span_end end as owns_until
    from left_spans
    where {policy} = 'timeline'
    union all
    select anonymous_id, user_id, 1, null, null from ranked
    where choice = 1 and {policy} != 'timeline'
),

-- no other visit changes its owner, so the rows keep their batch
batches as (
    select anonymous_id, max(batch_id) as batch_id from {aliasing}.device_owners
    group by anonymous_id
)

select owners.*, coalesce(persons.alias_id, owners.user_id) as alias_id, batches.batch_id
from owners
left join {aliasing}.persons_of_users as persons on owners.user_id = persons.user_id
inner join batches on owners.anonymous_id = batches.anonymous_id;

delete from {aliasing}.device_owners where anonymous_id in (select anonymous_id from erased_devices);
insert into {aliasing}.device_owners (anonymous_id, user_id, alias_id, owner_number, batch_id, owns_after, owns_until)
select anonymous_id, user_id, alias_id, owner_number, batch_id, owns_after, owns_until from left_owners;

create temporary table left_ids as
with changed as (
    select anonymous_id as id, 'anonymous_id' as id_type from erased_devices where is_shared
    union
    select user_id, 'user_id' from erased_messages
    where user_id is not null and user_id not in (select user_id from erased_users)
),

seen as (
    select anonymous_id, user_id, occurred_at from {partitioning}.app_tracks
    union all
    select anonymous_id, user_id, occurred_at from {refresh}.archived_messages
),

seen_ids as (
    select anonymous_id as id, 'anonymous_id' as id_type, occurred_at from seen
    where anonymous_id in (select id from changed)
    union all
    select user_id, 'user_id', occurred_at from seen
    where user_id in (select id from changed)
),

last_owners as (
    select anonymous_id, alias_id from left_owners
    where owns_until is null
),

user_counts as (
    select anonymous_id, count(distinct user_id) as user_count from {aliasing}.identity_spans
    where anonymous_id in (select id from changed)
    group by anonymous_id
)

select
    changed.id,
    changed.id_type,
    last_owners.alias_id,
    user_counts.user_count,
    min(seen_ids.occurred_at) as first_seen_at,
    max(seen_ids.occurred_at) as last_seen_at
from changed
left join seen_ids on changed.id = seen_ids.id and changed.id_type = seen_ids.id_type
left join last_owners on changed.id = last_owners.anonymous_id and changed.id_type = 'anonymous_id'
left join user_counts on changed.id = user_counts.anonymous_id and changed.id_type = 'anonymous_id'
group by changed.id, changed.id_type, last_owners.alias_id, user_counts.user_count;

update {aliasing}.aliases as stored
set
    alias_id = case when stored.id_type = 'user_id' then stored.alias_id else coalesce(left_ids.alias_id, stored.id) end,
    user_count = case when stored.id_type = 'user_id' then stored.user_count else coalesce(left_ids.user_count, 0) end,
    first_seen_at = left_ids.first_seen_at,
    last_seen_at = left_ids.last_seen_at
from left_ids
where stored.id = left_ids.id and stored.id_type = left_ids.id_type and left_ids.first_seen_at is not null;

update {aliasing}.seen_ids as stored
set
    first_seen_at = left_ids.first_seen_at,
    last_seen_at = left_ids.last_seen_at,
    first_session_at = case
        when stored.id_type = 'user_id' then stored.first_session_at
        else (
            select min(visits.first_at) from {sessions_stages}.device_sessions as visits
            where visits.anonymous_id = stored.id and visits.alias_id not in (select alias_id from erased_persons)
        )
    end
from left_ids
where stored.id = left_ids.id and stored.id_type = left_ids.id_type and left_ids.first_seen_at is not null;

delete from {aliasing}.seen_ids as stored
using left_ids
where stored.id = left_ids.id and stored.id_type = left_ids.id_type and left_ids.first_seen_at is null;

delete from {aliasing}.aliases as stored
using left_ids
where stored.id = left_ids.id and stored.id_type = left_ids.id_type and left_ids.first_seen_at is null;
