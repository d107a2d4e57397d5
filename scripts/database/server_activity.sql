-- What a PostgreSQL server is doing, and how to end it.

-- query: connections
-- Without being a superuser or a member of pg_read_all_stats, one sees only the user of others' connections:
-- https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
select
    pid, usename, datname, application_name, state, wait_event_type, wait_event, backend_start, query_start,
    cast(extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change end)
        as double precision) as age_seconds,
    cast(extract(epoch from clock_timestamp() - xact_start) as double precision) as transaction_seconds,
    case when state is null or wait_event_type = 'Lock' then pg_blocking_pids(pid) else '{}' end as blocked_by,
    query
from pg_stat_activity
where
    pid <> pg_backend_pid()
    and (backend_type = 'client backend' or backend_type is null and usename is not null)
order by pid

-- query: cancel
-- A process id may have been reused, so the start of the connection has to agree, and that of a query to be cancelled.
select pg_cancel_backend(pid) from pg_stat_activity
where
    pid = %(pid)s and pid <> pg_backend_pid() and backend_start is not distinct from %(backend_start)s
    and query_start is not distinct from %(query_start)s and coalesce(state, 'active') = 'active'

-- query: terminate
select pg_terminate_backend(pid) from pg_stat_activity
where pid = %(pid)s and pid <> pg_backend_pid() and backend_start is not distinct from %(backend_start)s
