/*
Three roles for a shared database, and their privileges. Run it as a database administrator, once before the first
refresh, and again whenever a schema is published or a new role loads sources. It is safe to run at any time.

    python scripts/grants.py
    psql -v ON_ERROR_STOP=1 -f scripts/grants.sql

signup_attribution_owner    owns the schemas, and can do whatever the refresh role can, as its member; no login
signup_attribution_refresh  reads the sources, creates and writes the tables; logs in, with a password that you set
signup_attribution_reader   reads the published schemas and nothing else; no login: grant it to people and BI tools

Other names are settings of the session: grants.py has an option for each; with psql,
PGOPTIONS="-c signup_attribution.reader=bi".

An administrator is a superuser, or a role with CREATEROLE that owns the database and the sources. Without being a
superuser, it must also own what an earlier refresh created.
*/

begin;
set local search_path to pg_catalog; -- nobody else's functions
set local client_min_messages = warning;

create temporary table chosen on commit drop as
select name, coalesce(nullif(current_setting('signup_attribution.' || name, true), ''), usual) as value
from (
    values
    ('owner', 'signup_attribution_owner'),
    ('refresh', 'signup_attribution_refresh'),
    ('reader', 'signup_attribution_reader'),
    -- schemas, with commas between
    ('sources', 'segment'),
    ('published', 'sessions, reporting'),
    -- what the name of every schema of ours begins with, such as analytics_: the target's schema
    ('prefix', '')
) as settings (name, usual);

create temporary table source_schemas on commit drop as
select distinct trim(schema_name) as name
from chosen, regexp_split_to_table(value, ',') as schema_name
where chosen.name = 'sources';

-- Ours are created before a refresh would, so that default privileges for coming tables can be set on them.
create temporary table our_schemas on commit drop as
with names as (
    select trim(schema_name) as name, true as is_published
    from chosen, regexp_split_to_table(value, ',') as schema_name
    where chosen.name = 'published'
    union all
    select unnest(array[
        'seeds', 'partitioning', 'aliasing', 'sessions_stages', 'sessions', 'reporting', 'refresh'
    ]), false
)
select (select value from chosen where chosen.name = 'prefix') || name as name, bool_or(is_published) as is_published
from names
group by names.name;

do $$
declare
    owner_role text := (select value from chosen where name = 'owner');
    refresh_role text := (select value from chosen where name = 'refresh');
    reader_role text := (select value from chosen where name = 'reader');
    missing text;
    role_name text;
    one record;
begin
    select string_agg(name, ', ') into missing from source_schemas where to_regnamespace(quote_ident(name)) is null;
    if missing is not null then
        raise exception 'There is no schema %: create it, or name the schemas where the messages are.', missing;
    end if;

    -- Roles. One that exists keeps its attributes.
    foreach role_name in array array[owner_role, refresh_role, reader_role] loop
        if not exists (select 1 from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
            if role_name = refresh_role then
                execute format('alter role %I login', role_name);
            end if;
        end if;
    end loop;
    execute format('grant %I to %I', refresh_role, owner_role);
    if not pg_has_role(current_user, owner_role, 'usage') then
        execute format('grant %I to %I', owner_role, current_user); -- an administrator who is not a superuser
    end if;

    -- The database. A refresh asks to create its schemas even if they exist.
    foreach role_name in array array[owner_role, refresh_role, reader_role] loop
        execute format('grant connect on database %I to %I', current_database(), role_name);
        if role_name <> reader_role then
            execute format('grant create, temporary on database %I to %I', current_database(), role_name);
        end if;
    end loop;

    -- Our schemas.
    for one in select * from our_schemas loop
        execute format('create schema if not exists %I', one.name);
        execute format('alter schema %I owner to %I', one.name, owner_role);
        execute format('revoke all on schema %I from public, %I', one.name, reader_role);
        execute format('grant usage, create on schema %I to %I', one.name, refresh_role);
    end loop;

    -- What a refresh made in them as another role; what belongs to an extension goes with that.
    for one in
        with objects as (
            select
                case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
                oid, cast(cast(oid as regclass) as text) as name, relnamespace as namespace, relowner as owner
            from pg_class
            where relkind in ('r', 'p', 'v', 'm')
            union all
            select 'routine', oid, cast(cast(oid as regprocedure) as text), pronamespace, proowner
            from pg_proc
        )
        select kind, name from objects
        where
            namespace in (select to_regnamespace(quote_ident(our_schemas.name)) from our_schemas)
            and pg_get_userbyid(owner) <> refresh_role
            and not exists (select 1 from pg_depend where objid = objects.oid and deptype = 'e')
    loop
        execute format('alter %s %s owner to %I', one.kind, one.name, refresh_role);
    end loop;

    -- Readers: existing tables, and those that a refresh or the owner makes later.
    for one in
        select
            name, is_published,
            case when is_published then 'grant' else 'revoke' end as give,
            case when is_published then 'to' else 'from' end as whom
        from our_schemas
    loop
        execute format('revoke all on all tables in schema %I from public, %I', one.name, reader_role);
        foreach role_name in array array[owner_role, refresh_role] loop
            execute format(
                'alter default privileges for role %I in schema %I %s select on tables %s %I',
                role_name, one.name, one.give, one.whom, reader_role
            );
        end loop;
        if one.is_published then
            execute format('grant usage on schema %I to %I', one.name, reader_role);
            execute format('grant select on all tables in schema %I to %I', one.name, reader_role);
        end if;
    end loop;

    -- Sources: existing tables, and those made later by the owner of the schema or of one of these.
    for one in select * from source_schemas loop
        execute format('grant usage on schema %I to %I', one.name, refresh_role);
        execute format('grant select on all tables in schema %I to %I', one.name, refresh_role);
    end loop;
    for one in
        with loaders as (
            select nspname as name, nspowner as loader from pg_namespace
            union
            select nspname, relowner
            from pg_class
            inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
            where relkind in ('r', 'p', 'v', 'm', 'f')
        )
        select name, loader, pg_get_userbyid(loader) as loader_name from loaders
        where name in (select source_schemas.name from source_schemas)
    loop
        if pg_has_role(current_user, one.loader, 'member') then
            execute format(
                'alter default privileges for role %I in schema %I grant select on tables to %I',
                one.loader_name, one.name, refresh_role
            );
        else
            raise warning 'New tables of % in % will not be readable by %: have % or a superuser run this script.',
                one.loader_name, one.name, refresh_role, one.loader_name;
        end if;
    end loop;

    -- What others granted to PUBLIC is not ours to revoke.
    for one in
        select format('%I.%I', nspname, relname) as name
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            relkind in ('r', 'p', 'v', 'm', 'f')
            and nspname <> 'information_schema' and nspname not like 'pg\_%'
            and nspname not in (select our_schemas.name from our_schemas where is_published)
            and has_schema_privilege(reader_role, pg_namespace.oid, 'usage')
            and has_table_privilege(reader_role, pg_class.oid, 'select')
    loop
        raise warning '% can read % too, as PUBLIC or by another role: revoke it where it was granted.',
            reader_role, one.name;
    end loop;
    if has_schema_privilege(reader_role, 'public', 'create') then
        raise warning '% can create tables in the schema public: revoke create on schema public from public.', reader_role;
    end if;
end
$$;

commit;
