{#- How a model's session at the database can be told apart from outside, and that it still works on the model. -#}

{#-
    SQL, put before the statement that makes a model's rows (so that it costs no round trip). It names the session after the
    batch and the model, and has it wait for locks only so long: whoever comes after it has to wait behind it. It lets the server
    look up some thousand persons by index, for which it would read whole tables if disks still turned. Both unless the server,
    the role or PGOPTIONS sets a lock_timeout, a random_page_cost. In a refresh by the runner it also takes a lock that is held,
    beside others, until the model's transaction has ended: a runner that finds it held while no refresh runs knows that the
    runner of that session died.
-#}
{% macro announce_model() -%}
    {{ adapter.dispatch('announce_model', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__announce_model() -%}
{%- endmacro %}

{% macro postgres__announce_model() -%}
    {%- if execute and model.resource_type == 'model' -%}
    set application_name = {{ quoted('signup_attribution refresh ' ~ current_batch_id() ~ ' ' ~ model.name) }};
    select set_config('lock_timeout', '2s', false) where current_setting('lock_timeout') = '0';
    select set_config('random_page_cost', '1.1', false) where current_setting('random_page_cost') = '4';
    {%- if env_var('SIGNUP_ATTRIBUTION_RUN', '') %}
    select pg_advisory_xact_lock_shared(hashtextextended({{ quoted(project_schema('refresh') ~ ' models') }}, 0));
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- SQL that makes a view unless it is there. (To replace it would have to wait for whoever is reading it.) -#}
{% macro create_missing_view(name, query) -%}
    {{ adapter.dispatch('create_missing_view', 'signup_attribution')(name, query) }}
{%- endmacro %}

{% macro default__create_missing_view(name, query) -%}
    create view if not exists {{ name }} as {{ query }};
{%- endmacro %}

{% macro postgres__create_missing_view(name, query) -%}
    do $do$
    begin
        if to_regclass('{{ name }}') is null then
            create view {{ name }} as {{ query }};
        end if;
    end
    $do$;
{%- endmacro %}

{#- Expression: whether a refresh is running. Who can open a DuckDB file knows that none is; the readers' file does not tell. -#}
{% macro is_refreshing() -%}
    {{ adapter.dispatch('is_refreshing', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__is_refreshing() -%}
    false
{%- endmacro %}

{% macro postgres__is_refreshing() -%}
    exists (
        select 1 from pg_locks
        where
            locktype = 'advisory' and granted and objsubid = 1
            and database = (select oid from pg_database where datname = current_database())
            and (cast(classid as bigint) << 32) | cast(objid as bigint)
            = hashtextextended({{ quoted(project_schema('refresh') ~ ' lock') }}, 0)
    )
{%- endmacro %}

{#-
    SQL that empties a table and runs a statement, or neither where another session goes on using the table. It waits for the
    lock_timeout, during which the server stops its own autovacuum of the table.
-#}
{% macro empty_unless_used(relation, statement) -%}
    {{ adapter.dispatch('empty_unless_used', 'signup_attribution')(relation, statement) }}
{%- endmacro %}

{% macro default__empty_unless_used(relation, statement) -%}
    truncate table {{ relation }};
    {{ statement }};
{%- endmacro %}

{% macro postgres__empty_unless_used(relation, statement) -%}
    do $do$
    begin
        truncate table {{ relation }};
        {{ statement }};
    exception when lock_not_available or deadlock_detected then
        raise notice '{{ relation.identifier }} is in use and stays as it is until the next refresh';
    end
    $do$;
{%- endmacro %}
