/*
Three roles for a database that others use too, and what each may do. Run it as an administrator of the database, once before
the first refresh, and again whenever a schema is added or the objects of a source belong to a new role. It may be run at any time;
what is right already stays as it is.

    python scripts/grants.py
    psql -v ON_ERROR_STOP=1 -f scripts/grants.sql

signup_attribution_owner    owns the schemas, and as a member of the refresh role may do all that it may; no login
signup_attribution_refresh  reads the sources, makes and writes the tables; logs in, with a password that you set
signup_attribution_reader   reads the published schemas and nothing else; no login: grant it to people and BI tools

Other names are settings of the session (grants.py has an option for each; with psql, PGOPTIONS="-c signup_attribution.reader=bi").

An administrator is a superuser, or a role with CREATEROLE that owns the database and the sources. Who is no superuser has to
own what an earlier refresh made.
*/

begin;
set local client_min_messages = warning;

create temporary table chosen on commit drop as
select
    coalesce(nullif(current_setting('signup_attribution.owner', true), ''), 'signup_attribution_owner') as owner_role,
    coalesce(nullif(current_setting('signup_attribution.refresh', true), ''), 'signup_attribution_refresh') as refresh_role,
    coalesce(nullif(current_setting('signup_attribution.reader', true), ''), 'signup_attribution_reader') as reader_role,
    -- what every name of a schema of ours begins with: dev_<name>_ for a developer's
    coalesce(current_setting('signup_attribution.prefix', true), '') as prefix,
    -- schemas, with commas between
    coalesce(nullif(current_setting('signup_attribution.sources', true), ''), 'segment') as sources,
    coalesce(nullif(current_setting('signup_attribution.published', true), ''), 'sessions, reporting') as published;

-- Schemas of ours are there before a refresh would make them, so that the rules for the tables to come can be tied to them.
create temporary table our_schemas on commit drop as
select prefix || name as name, prefix || name in (
    select prefix || trim(published_name) from regexp_split_to_table(published, ',') as published_name
) as is_published
from chosen, unnest(
    array['seeds', 'partitioning', 'aliasing', 'sessions_stages', 'sessions', 'reporting', 'refresh']
    || regexp_split_to_array(regexp_replace(published, '\s', '', 'g'), ',')
) as name
group by 1, 2;

create temporary table source_schemas on commit drop as
select distinct trim(name) as name from chosen, regexp_split_to_table(sources, ',') as name;

do $$
declare
    given record;
    missing text;
    role_name text;
    one record;
begin
    select * into given from chosen;
    select string_agg(name, ', ') into missing from source_schemas where to_regnamespace(quote_ident(name)) is null;
    if missing is not null then
        raise exception 'There is no schema %: create it, or say where the sources are (signup_attribution.sources).', missing;
    end if;

    -- Roles. One that exists keeps its attributes.
    foreach role_name in array array[given.owner_role, given.refresh_role, given.reader_role] loop
        if not exists (select 1 from pg_roles where rolname = role_name) then
            execute format('create role %I %s', role_name, case when role_name = given.refresh_role then 'login' else 'nologin' end);
        end if;
    end loop;
    execute format('grant %I to %I', given.refresh_role, given.owner_role);
    if not pg_has_role(current_user, given.owner_role, 'usage') then
        execute format('grant %I to %I', given.owner_role, current_user); -- an administrator who is no superuser
    end if;

    -- The database. A refresh asks to create its schemas even where they are there.
    execute format('grant connect on database %I to %I, %I, %I', current_database(), given.owner_role, given.refresh_role, given.reader_role);
    execute format('grant create, temporary on database %I to %I, %I', current_database(), given.owner_role, given.refresh_role);

    -- Our schemas, and all that an earlier refresh made in them as another role.
    for one in select * from our_schemas loop
        execute format('create schema if not exists %I', one.name);
        execute format('alter schema %I owner to %I', one.name, given.owner_role);
        execute format('revoke all on schema %I from public, %I', one.name, given.reader_role);
        execute format('grant usage, create on schema %I to %I', one.name, given.refresh_role);
    end loop;
    for one in
        select format('alter %s %s owner to %I', kind, name, given.refresh_role) as statement from (
            select
                case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
                cast(cast(oid as regclass) as text) as name, relnamespace as namespace, relowner as owner, oid
            from pg_class
            where relkind in ('r', 'p', 'v', 'm')
            union all
            select 'routine', cast(cast(oid as regprocedure) as text), pronamespace, proowner, oid from pg_proc
        ) as objects
        where
            namespace in (select to_regnamespace(quote_ident(our_schemas.name)) from our_schemas)
            and owner <> (select oid from pg_roles where rolname = given.refresh_role)
            and not exists (select 1 from pg_depend where objid = objects.oid and deptype = 'e') -- goes with its extension
    loop
        execute one.statement;
    end loop;

    -- Readers: tables that are there, and those that a refresh or the owner makes later.
    for one in select * from our_schemas loop
        execute format('revoke all on all tables in schema %I from public, %I', one.name, given.reader_role);
        foreach role_name in array array[given.owner_role, given.refresh_role] loop
            execute format(
                'alter default privileges for role %I in schema %I %s select on tables %s %I', role_name, one.name,
                case when one.is_published then 'grant' else 'revoke' end,
                case when one.is_published then 'to' else 'from' end, given.reader_role
            );
        end loop;
        if one.is_published then
            execute format('grant usage on schema %I to %I', one.name, given.reader_role);
            execute format('grant select on all tables in schema %I to %I', one.name, given.reader_role);
        end if;
    end loop;

    -- Sources: read by a refresh, also tables that appear later, made by who made those that are there.
    for one in select * from source_schemas loop
        execute format('grant usage on schema %I to %I', one.name, given.refresh_role);
        execute format('grant select on all tables in schema %I to %I', one.name, given.refresh_role);
    end loop;
    for one in
        select distinct pg_namespace.nspname as name, makers.owner, pg_get_userbyid(makers.owner) as maker
        from source_schemas
        inner join pg_namespace on source_schemas.name = pg_namespace.nspname
        cross join lateral (
            select pg_namespace.nspowner as owner
            union
            select relowner from pg_class where relnamespace = pg_namespace.oid and relkind in ('r', 'p', 'v', 'm', 'f')
        ) as makers
    loop
        if pg_has_role(current_user, one.owner, 'member') then
            execute format('alter default privileges for role %I in schema %I grant select on tables to %I', one.maker, one.name, given.refresh_role);
        else
            raise warning 'New tables of % in % will not be readable by %: have % or a superuser run this script.',
                one.maker, one.name, given.refresh_role, one.maker;
        end if;
    end loop;

    -- What others gave to everybody is not ours to take away.
    for one in
        select format('%I.%I', nspname, relname) as name
        from pg_class inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            relkind in ('r', 'p', 'v', 'm', 'f') and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\_%'
            and nspname not in (select our_schemas.name from our_schemas where is_published)
            and has_schema_privilege(given.reader_role, pg_namespace.oid, 'usage')
            and has_table_privilege(given.reader_role, pg_class.oid, 'select')
    loop
        raise warning '% can be read by % too, as PUBLIC or by another role: revoke it where it was granted.', one.name, given.reader_role;
    end loop;
    if has_schema_privilege(given.reader_role, 'public', 'create') then
        raise warning '% can create tables in the schema public, as everybody can: revoke create on schema public from public.', given.reader_role;
    end if;
end
$$;

commit;
