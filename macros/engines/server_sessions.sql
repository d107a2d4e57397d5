{#- How a model's session at the database can be told apart from outside, and that it still works on the model. -#}

{#-
    SQL, put before what a session does: it finds the server's own functions, operators and tables without a schema and nobody
    else's, who could make better matching ones in public and have them run by us. Ours are named with their schema.
    https://www.postgresql.org/docs/current/typeconv-func.html
-#}
{% macro only_own_functions() -%}
    {{ adapter.dispatch('only_own_functions', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__only_own_functions() -%}
{%- endmacro %}

{% macro postgres__only_own_functions() -%}
    set search_path to pg_catalog;
{%- endmacro %}

{#-
    SQL, put before the statement that makes a model's rows (so that it costs no round trip). It names the session after the
    batch and the model, and has it wait for locks only so long: whoever comes after it has to wait behind it. It lets the server
    look up some thousand persons by index, for which it would read whole tables if disks still turned. Both unless the server,
    the role or PGOPTIONS sets a lock_timeout, a random_page_cost. In a refresh by the runner it also locks, beside others, what the
    runner has locked (scripts/refresh_lock.py), until the model's transaction has ended: a runner that finds it so while no refresh
    runs knows that the runner of that session died.
-#}
{% macro announce_model() -%}
    {{ adapter.dispatch('announce_model', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__announce_model() -%}
{%- endmacro %}

{% macro postgres__announce_model() -%}
    {{ only_own_functions() }}
    {%- if execute and model.resource_type == 'model' %}
    set application_name = {{ quoted('signup_attribution refresh ' ~ current_batch_id() ~ ' ' ~ model.name) }};
    select set_config('lock_timeout', '2s', false) where current_setting('lock_timeout') = '0';
    select set_config('random_page_cost', '1.1', false) where current_setting('random_page_cost') = '4';
    {%- if env_var('SIGNUP_ATTRIBUTION_RUN', '') %}
    lock table {{ state_table('refresh_lock') }} in row exclusive mode;
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Expression: whether a refresh is running. Who can open a DuckDB file knows that none is; the readers' file does not tell. -#}
{% macro is_refreshing() -%}
    {{ adapter.dispatch('is_refreshing', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__is_refreshing() -%}
    false
{%- endmacro %}

{% macro postgres__is_refreshing() -%}
    (
        exists (
            select 1
            from pg_locks
            inner join pg_class on pg_locks.relation = pg_class.oid
            where
                pg_locks.mode = 'ShareUpdateExclusiveLock' and pg_locks.granted
                and pg_locks.database = (select oid from pg_database where datname = current_database())
                and pg_class.relname = 'refresh_lock'
                and pg_class.relnamespace = (select oid from pg_namespace where nspname = {{ quoted(project_schema('refresh')) }})
        )
        -- what dbt runs without the runner holds no lock; each model of it names itself
        or exists (
            select 1 from pg_stat_activity
            where datname = current_database() and application_name ~ '^signup_attribution refresh [0-9]+ '
        )
    )
{%- endmacro %}
