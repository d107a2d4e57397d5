-- What --check asks a PostgreSQL server (check.py).

-- query: rights
select
    current_user, current_database(), has_database_privilege(current_database(), 'create'),
    has_database_privilege(current_database(), 'temporary'), pg_database_size(current_database())

-- query: schema_rights
select has_schema_privilege(oid, 'create, usage') from pg_namespace where nspname = %s

-- query: tables_of_others
select nspname, relname
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where nspname = any(%s) and relkind in ('r', 'p', 'v') and not pg_has_role(relowner, 'usage')
order by nspname, relname

-- query: loose_months
-- Tables whose name a future partition needs: a refresh would fail to create it.
select relname
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    nspname = %s and relkind = 'r' and relname ~ '^app_tracks_((before|from)_)?[0-9]{4}_[0-9]{2}$' and not relispartition
order by relname
