{#-
    The log of refreshes, for people and monitors; no refresh depends on it. refresh_runs: one row per refresh, with the status
    running, success, failed, refused (its variables make no sense, so it says nothing about the tables) or died (a later run found
    that it had never ended); batch_id is null if it ended before it had a batch. refresh_log: one row per model and batch, written when
    the run ends from refresh.models, where each model says in the transaction of its table what it wrote; the runner adds seconds,
    attempts and failed models.
-#}

{#- Query, one row: the state of the refreshes. Times are UTC. -#}
{% macro refresh_health() %}
    with runs as (
        select * from {{ state_table('refresh_runs') }}
    ),

    newest as (
        select status, error, started_at from runs
        where status != 'refused'
        order by started_at desc, batch_id desc
        limit 1
    ),

    successes as (
        select * from runs
        where status = 'success'
    ),

    newest_success as (
        select finished_at, seconds, newest_message_at from successes
        order by started_at desc, batch_id desc
        limit 1
    ),

    usual as (
        select percentile_cont(0.5) within group (order by seconds) as median_seconds from successes
        where started_at >= {{ utc_now() }} - interval '30 days'
    )

    select
        -- a running refresh holds the lock
        case when newest.status = 'running' and not {{ is_refreshing() }} then 'died' else newest.status end as last_status,
        newest.error as last_error,
        newest.started_at as last_started_at,
        newest_success.finished_at as last_success_at,
        newest_success.newest_message_at,
        {{ seconds_between('newest_success.finished_at', utc_now()) }} as seconds_since_success,
        {{ seconds_between('newest_success.newest_message_at', utc_now()) }} as newest_message_lag_seconds,
        newest_success.seconds as last_duration_seconds,
        usual.median_seconds as median_duration_seconds,
        newest_success.seconds / nullif(usual.median_seconds, 0) as last_to_median,
        {{ is_refreshing() }} as is_running,
        last_audit.audited_at as last_audit_at,
        last_audit.id_count as last_audit_ids,
        last_audit.missed_count as last_audit_missed_ids,
        last_audit.missed_since as last_audit_missed_since
    from usual
    left join newest on true
    left join newest_success on true
    left join {{ state_table('last_audit') }} as last_audit on true
{% endmacro %}

{#- SQL that keeps this query for the scripts that ask it, where there is no view of it. -#}
{% macro keep_refresh_health() %}
    {%- set query = statements_of(refresh_health())[0] if not has_views() -%}
    {%- if query and definitions().get('refresh_health') != query -%}
        {{ put_definition('refresh_health', query) }}
    {%- endif -%}
{% endmacro %}
