{#-
    What every refresh does after its last model: it reports. The figures go to the log as one JSON line, which the runner
    reads; changes of source columns are printed too.
-#}
{% macro report_refresh() %}
    {#- in a `dbt retry`, which does not say what it selects, too -#}
    {%- if execute and run_cache('moves') -%}
        {%- do run_and_commit(move_watermarks()) -%}
    {%- endif -%}
    {%- if execute and flags.WHICH in ['run', 'build'] and selected_models() -%}
        {%- set figures = [] -%}
        {%- for row in run_query(refresh_figures()).rows -%}
            {%- do figures.append([row[0], row[1], row[2], row[3] | int if row[3] is not none else none]) -%}
            {%- if row[0] == 'schema_change' -%}
                {%- do log('source column ' ~ row[1] ~ ' ' ~ row[2], info=true) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for sentence in unreadable_sentences() -%}
            {%- do say(sentence) -%}
        {%- endfor -%}
        {%- do log('refresh_figures ' ~ tojson(figures)) -%}
        {%- for sentence in event_name_problems(stored_relation('event_names')).sentences -%}
            {%- do say(sentence) -%}
        {%- endfor -%}
        {%- for kind, name, _, amount in figures if kind == 'total' and name == 'signups' and amount == 0 -%}
            {%- do say('There are 0 sign-ups: no session event has a name of signup_events (' ~ var('signup_events') | join(', ') ~ ').') -%}
        {%- endfor -%}
        {%- do say_much_rejected(figures) -%}
        {%- if flags.FULL_REFRESH -%}
            {%- do run_and_commit(unmark_refused_full_refresh()) -%}
        {%- endif -%}
        {%- if not results | selectattr('status', 'in', ['error', 'fail', 'runtime error']) | list -%}
            {%- do say_edited_models() -%}
        {%- endif -%}
        {%- do run_and_commit(log_models() ~ (close_run() if not env_var('SIGNUP_ATTRIBUTION_RUN', ''))) -%}
    {%- endif -%}
{% endmacro %}

{#- Reports it when more than half of the new messages are rejected. -#}
{% macro say_much_rejected(figures) %}
    {%- set new = {'app_tracks': 0, 'rejected_events': 0} -%}
    {%- for kind, name, detail, amount in figures if kind == 'rows' and name in new -%}
        {%- do new.update({name: amount}) -%}
    {%- endfor -%}
    {%- if new.rejected_events > new.app_tracks -%}
        {%- set counted = 'select reason, count(*) from ' ~ stored_relation('rejected_events') ~ ' where batch_id = ' ~ current_batch_id() ~ ' group by reason order by 2 desc, 1' -%}
        {%- set reasons = [] -%}
        {%- for reason, row_count in run_query(counted).rows -%}
            {%- do reasons.append(reason ~ ' ' ~ row_count) -%}
        {%- endfor -%}
        {%- do say(new.rejected_events ~ ' of ' ~ (new.rejected_events + new.app_tracks) ~ ' new messages were rejected (' ~ reasons | join(', ') ~ '): see ' ~ project_schema('partitioning') ~ '.rejected_events.') -%}
    {%- endif -%}
{% endmacro %}

{#- SQL that logs which models have applied the batch since they were last logged, be it in this run or in one that died. -#}
{% macro log_models() %}
    {%- set log, models, batch_id = state_table('refresh_log'), state_table('models'), current_batch_id() %}
    {%- set is_done = 'models.refreshed_at >= (select max(started_at) from ' ~ state_table('batches') ~ ')' %}
    delete from {{ log }}
    where batch_id = {{ batch_id }} and model in (
        select models.model from {{ models }} as models inner join {{ log }} as logged on models.model = logged.model
        where
            {{ is_done }} and logged.batch_id = {{ batch_id }}
            and (logged.status != 'success' or logged.finished_at < models.refreshed_at)
    );
    insert into {{ log }} ({{ state_tables().refresh_log.keys() | join(', ') }})
    select {{ batch_id }}, model, 'success', 1, rows_read, rows_written, rows_deleted, null, refreshed_at, null
    from {{ models }} as models
    where {{ is_done }} and model not in (select model from {{ log }} where batch_id = {{ batch_id }});
{% endmacro %}

{#- SQL that logs how this run ended. The runner does that itself, because its runs may take several dbt commands. -#}
{% macro close_run() %}
    {%- set partitions = stored_relation('partitions') %}
    {%- set failed = results | selectattr('status', 'in', ['error', 'fail', 'runtime error'])
        | selectattr('node.package_name', 'equalto', 'signup_attribution') | list %}
    update {{ state_table('refresh_runs') }}
    set
        status = '{{ 'failed' if failed else 'success' }}', finished_at = {{ utc_now() }},
        seconds = {{ seconds_between('started_at', utc_now()) }},
        newest_message_at = {{ '(select max(last_occurred_at) from ' ~ partitions ~ ')' if partitions is not none else 'null' }},
        error = {{ quoted(failed[0].message) if failed else 'null' }}
    where run_id = {{ run_name() }};
{% endmacro %}

{#-
    Query on the figures of this refresh: kind, name, detail, amount. Kinds: batch (its number), rows (written to a table by
    this refresh), total (now stored, of the tables that exist), schema_change (of a source column).
-#}
{% macro refresh_figures() %}
    {%- set totals = [
        ('messages', 'partitions', 'sum(row_count)'),
        ('rejected', 'rejected_events', 'count(*)'),
        ('sessions', 'all_sessions', 'count(*)'),
        ('persons', 'all_sessions', 'count(*) filter (where is_first_session)'),
        ('signups', 'attribution', 'count(*)'),
        ('first_session_signups', 'attribution', 'count(*) filter (where signed_up_in_first_session)')
    ] %}
    select 'batch' as kind, '' as name, '' as detail, cast({{ current_batch_id() }} as bigint) as amount
    union all
    select 'rows', model, '', cast(rows_written as bigint) from {{ state_table('models') }}
    where refreshed_at >= (select max(started_at) from {{ state_table('batches') }})
    {%- for name, table, expression in totals %}
    {%- set relation = stored_relation(table) %}
    {%- if relation is not none %}
    union all
    select 'total', '{{ name }}', '', cast(coalesce({{ expression }}, 0) as bigint) from {{ relation }}
    {%- endif %}
    {%- endfor %}
    {%- set schema_changes = stored_relation('schema_changes') %}
    {%- set several = [quoted('')] %}
    {%- for collection in collections() if source_places(collection) | length > 1 %}
        {%- do several.append(quoted(collection)) %}
    {%- endfor %}
    {%- if schema_changes is not none %}
    union all
    select
        'schema_change',
        message_type || '.' || column_name,
        change || case change
            when 'new' then coalesce(' (' || new_type || ')', '')
            when 'retyped' then ' from ' || old_type || ' to ' || new_type
            else ''
        end || case when message_type in ({{ several | join(', ') }}) then ' in ' || source_place else '' end,
        cast(null as bigint)
    from {{ schema_changes }} where batch_id = {{ current_batch_id() }}
    {%- endif %}
{% endmacro %}

{#- Reports a note at once: the runner shows it; without the runner, dbt prints it. -#}
{% macro say(sentence) %}
    {%- do log('note: ' ~ sentence, info=true) -%}
{% endmacro %}
