-- The queries of an erasure (erasure.py). Schemas are written as {folder}.

-- query: tables
select table_schema, table_name, string_agg(column_name, ' ')
from information_schema.columns
inner join information_schema.tables using (table_schema, table_name)
where table_type = 'BASE TABLE' and table_schema in ({schemas})
group by table_schema, table_name
order by table_schema, table_name

-- query: become_erasure
-- Whoever refreshes next ends it if this process dies (database/lock.py).
set local application_name = 'signup_attribution erase';
lock table {refresh}.refresh_lock in row exclusive mode

-- query: known_ids
select id from {aliasing}.aliases where id in (select id from asked)
union
select id from erased_rejected

-- query: late_models
-- Models that have not applied the newest batch; those of reporting may be left out of refreshes.
select 1 from {refresh}.models
where is_rebuild_due or batch_id < (select max(batch_id) from {refresh}.batches)
    and model not in (select table_name from information_schema.tables where table_schema = %s)

-- query: counts
select
    (select count(*) from erased_persons),
    (select count(*) from erased_ids),
    (select count(*) from erased_devices where is_shared),
    (select count(*) from (select distinct message_type, event_id, content_hash from erased_messages) as messages),
    (select count(*) from {sessions}.all_sessions where alias_id in (select alias_id from erased_persons)),
    (select count(*) from {sessions}.attribution where alias_id in (select alias_id from erased_persons)),
    (select count(*) from erased_overrides)

-- query: recompute_paths
-- What is computed from all persons' paths together is recomputed by the next refresh.
update {refresh}.models set changed_batch_id = (select max(batch_id) + 1 from {refresh}.batches) where model = 'person_paths'

-- query: log
insert into {refresh}.erasures (
    erased_by, person_count, id_count, message_count, session_count, signup_count, erased_at, finished_at
) values (%s, %s, %s, %s, %s, %s, %s, %s)

-- query: messages
-- The messages that are stored whole; detached months stay when a full refresh has brought their messages back.
(
    select message_type, event_id, event_name, event_display_name, occurred_at from {partitioning}.app_tracks
    {detached}
) as messages

-- query: detached_messages
union all
select message_type, event_id, event_name, event_display_name, occurred_at from {table}
where (message_type, event_id) in (select message_type, event_id from {refresh}.archived_messages)

-- query: remember
insert into {refresh}.erased_messages (salt, message_hash)
select cast(%s as text), {hash} from (
    select {message_key} as known_by from erased_messages
    union
    select {override_key} from erased_overrides
) as known

-- query: forget_error
update {table} set error = 'It named a person who was erased.'
where exists (select 1 from erased_ids where strpos(error, erased_ids.id) > 0)
