-- What a PostgreSQL server is doing, and how to end it.

-- query: connections
-- All client connections but this one. Who is neither a superuser nor a member of pg_read_all_stats sees only the user of others'
-- connections; the rest is null:
-- https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
select
    pid, coalesce(usename, '') as "user", coalesce(datname, '') as database, application_name as application, state,
    nullif(concat_ws(': ', wait_event_type, wait_event), '') as wait,
    case
        when state is null or wait_event_type = 'Lock'
            then array(select distinct blocking from unnest(pg_blocking_pids(pid)) as blocking order by blocking)
        else '{}'
    end as blocked_by,
    -- since its query began, or since it went idle
    cast(extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change end)
        as double precision) as age_seconds,
    cast(extract(epoch from clock_timestamp() - xact_start) as double precision) as transaction_seconds,
    backend_start, query_start, coalesce(query, '') as query
from pg_stat_activity
where
    pid <> pg_backend_pid()
    and (backend_type = 'client backend' or backend_type is null and usename is not null)
order by pid

-- query: cancel
-- A process id may have been reused, so the start of the connection must match, and that of a query to be cancelled.
select pg_cancel_backend(pid) from pg_stat_activity
where
    pid = %(pid)s and pid <> pg_backend_pid() and backend_start is not distinct from %(backend_start)s
    and query_start is not distinct from %(query_start)s and coalesce(state, 'active') = 'active'

-- query: terminate
select pg_terminate_backend(pid) from pg_stat_activity
where pid = %(pid)s and pid <> pg_backend_pid() and backend_start is not distinct from %(backend_start)s
