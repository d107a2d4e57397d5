-- The table lock on a view of the schema `refresh` that a refresh on PostgreSQL holds (lock.py).

-- query: holders
-- Who holds the lock in any of the given modes; the view refresh_health asks the same.
select pg_stat_activity.pid, usename, application_name, client_addr
from pg_locks
inner join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
inner join pg_class on relation = pg_class.oid
inner join pg_namespace on relnamespace = pg_namespace.oid
where
    nspname = %s and relname = 'refresh_lock' and mode = any(%s) and granted
    and pg_locks.database = (select oid from pg_database where datname = current_database())
    and pg_stat_activity.pid != pg_backend_pid()

-- query: lacks_view
-- Whether the schema lacks the view; no row without the schema.
select to_regclass(format('%%I.refresh_lock', nspname)) is null from pg_namespace where nspname = %s

-- query: make_view
begin;
{create_schema}
create view "{schema}".refresh_lock as select 'locked while a refresh is running' as meaning;
comment on view "{schema}".refresh_lock is 'One row. A refresh locks this view while it runs; only roles with write access here can.';
commit

-- query: take
lock table "{schema}".refresh_lock in share update exclusive mode nowait

-- query: set
select set_config(name, %s, false) from pg_settings where name = %s
