{#- Makes a model's session recognizable from outside, and shows that it is still working on the model. -#}

{#-
    SQL at the start of a session: only the server's own functions, operators and tables are found without a schema. Otherwise
    somebody could create better matching ones in public and have us run them. Ours are qualified with their schema.
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

{#- Does the same for dbt's own queries in this session. -#}
{% macro begin_session() %}
    {%- if only_own_functions() -%}
        {%- do run_query('select 1') -%}
    {%- endif -%}
{% endmacro %}

{#-
    SQL sent with the statement that computes a model's rows, so that it costs no round trip. It names the session after the batch
    and the model, and limits how long it waits for locks, because later sessions queue behind it. It lets the server look up a few
    thousand persons by index, where the planner's default for spinning disks would scan whole tables. It sets neither if the
    server, the role or PGOPTIONS sets lock_timeout or random_page_cost. In a refresh by the runner it also takes a shared lock on
    what the runner has locked (scripts/database/lock.py), until the model's transaction ends: a runner that finds this lock while no
    refresh is running knows that the runner of that session died.
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

{#- Expression: whether a refresh is running. If a DuckDB file can be opened, none is; the readers' file cannot tell. -#}
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
        -- dbt without the runner holds no lock, but each of its models names its session
        or exists (
            select 1 from pg_stat_activity
            where datname = current_database() and application_name ~ '^signup_attribution refresh [0-9]+ '
        )
    )
{%- endmacro %}
