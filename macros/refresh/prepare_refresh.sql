{#-
    What every refresh does before its first model: checks variables, sources and settings, creates missing bookkeeping tables and
    functions, and opens a batch. Rows and watermarks carry the number of the batch that wrote them.
-#}
{% macro prepare_refresh() %}
    {%- if execute and flags.WHICH in ['run', 'build', 'seed'] and made_nodes() -%}
        {%- do stop_if_any(ownership_problems()) -%}
    {%- endif -%}
    {%- if execute and flags.WHICH in ['run', 'build'] and selected_models() -%}
        {%- do check_invocation() -%}
        {%- do stop_if_any(database_problems()) -%}
        {%- do check_variables() -%}
        {%- do stop_if_any(source_problems()) -%}
        {%- set damaged = damaged_tables() -%}
        {%- do run_and_commit(create_bookkeeping()) -%}
        {%- do check_settings() -%}
        {%- do check_full_refresh() -%}
        {%- set is_new = opens_batch() -%}
        {%- do run_and_commit(open_batch(is_new) ~ mark_rebuilds(damaged + models_with_other_settings()) ~ keep_refresh_health()) -%}
        {%- set changed = changed_event_settings() if not flags.FULL_REFRESH else [] -%}
        {%- if changed -%}
            {%- do say(changed | join(' and ') ~ ' changed: everything derived from the stored messages is recomputed.') -%}
            {%- do run_and_commit(apply_event_settings(changed)) -%}
        {%- endif -%}
        {#- what the bookkeeping says now holds for the whole run -#}
        {%- for key in ['states', 'rebuilt tables'] -%}
            {%- do run_cache(key).clear() -%}
        {%- endfor -%}
        {%- do run_cache('opened batch').update({'number': current_batch_id()} if is_new else {}) -%}
        {%- do rebuilt_tables() -%}
    {%- endif -%}
{% endmacro %}

{#- Runs SQL in a transaction of its own: dbt rolls back what a hook before the first model leaves open. -#}
{% macro run_and_commit(sql) %}
    {%- call statement('prepare', auto_begin=true) -%}
        {{ sql }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
{% endmacro %}

{#- SQL for the bookkeeping tables and functions; each table gets our mark. -#}
{% macro create_bookkeeping() %}
    {{ create_helper_functions() }}
    create schema if not exists "{{ project_schema('refresh') }}";
    create schema if not exists "{{ project_schema('this_batch') }}";
    {%- for name, columns in state_tables().items() %}
        {%- set relation = relations_before().get(state_key(name)) %}
        {%- if not is_whole(name) %}
    {{ empty_table(state_table(name), columns, relation) }}
    {{ index_ids(state_table(name), 'conversion_id') if name == 'restatements' }}
        {%- else %}
            {%- for column in later_columns() if column in columns and column not in relation.columns %}
    alter table {{ state_table(name) }} add column {{ column }} {{ columns[column] }};
            {%- endfor %}
        {%- endif %}
        {%- if not is_whole(name) or not is_marked(relation) %}
    comment on table {{ state_table(name) }} is {{ quoted(marked('')) }};
        {%- endif %}
    {%- endfor %}
    {#- An unchanged view stays, because replacing it would have to wait for its readers. -#}
    {%- set health = marked('One row: the state of the refreshes. (' ~ local_md5(refresh_health()) ~ ')') %}
    {%- set is_same = relations_before().get(state_key('refresh_health'), {}).comment == health and is_whole('refresh_runs') and is_whole('refresh_log') %}
    {%- if has_views() and not is_same %}
    create or replace view {{ state_table('refresh_health') }} as {{ refresh_health() }};
    comment on view {{ state_table('refresh_health') }} is {{ quoted(health) }};
    {%- endif %}
    {{ take_sources_out_of_indexes() if are_of_another_version() }}
{% endmacro %}

{#- Columns of the bookkeeping that earlier versions of the project did not have. -#}
{% macro later_columns() %}
    {{ return(['column_names', 'source_place', 'run_id', 'rows_read', 'rows_deleted']) }}
{% endmacro %}

{#-
    The bookkeeping tables: name -> column -> type. refresh_runs and refresh_log are for people and monitors (macros/refresh/logs.sql),
    as is erasures; sample_ids are for a developer's sample, erased_messages tell which messages may not come back (scripts/erase.py).
-#}
{% macro state_tables() %}
    {{ return({
        'batches': {'batch_id': 'bigint', 'invocation_id': 'text', 'started_at': 'timestamp'},
        'models': {
            'model': 'text', 'batch_id': 'bigint', 'changed_batch_id': 'bigint', 'made_batch_id': 'bigint', 'is_whole': 'boolean',
            'is_rebuild_due': 'boolean', 'rebuilt_at': 'timestamp', 'documentation': 'text', 'rows_read': 'bigint',
            'rows_written': 'bigint', 'rows_deleted': 'bigint', 'refreshed_at': 'timestamp', 'column_names': 'text'
        },
        'settings': {'name': 'text', 'value': 'text'},
        'definitions': {'name': 'text', 'definition': 'text'},
        'source_loads': {'batch_id': 'bigint', 'message_type': 'text', 'source_place': 'text', 'newest_loaded_at': 'timestamp'},
        'source_columns': {'message_type': 'text', 'source_place': 'text', 'column_name': 'text', 'data_type': 'text'},
        'archived_messages': {
            'message_type': 'text', 'event_id': 'text', 'anonymous_id': 'text', 'user_id': 'text', 'occurred_at': 'timestamp'
        },
        'erased_messages': {'salt': 'text', 'message_hash': 'text'},
        'erasures': {
            'erased_by': 'text', 'person_count': 'bigint', 'id_count': 'bigint', 'message_count': 'bigint', 'session_count': 'bigint',
            'signup_count': 'bigint', 'erased_at': 'timestamp', 'finished_at': 'timestamp'
        },
        'sample_ids': {'id_type': 'text', 'id': 'text', 'batch_id': 'bigint'},
        'refresh_runs': {
            'batch_id': 'bigint', 'status': 'text', 'started_at': 'timestamp', 'finished_at': 'timestamp',
            'seconds': 'double precision', 'newest_message_at': 'timestamp', 'error': 'text', 'run_id': 'text'
        },
        'refresh_log': {
            'batch_id': 'bigint', 'model': 'text', 'status': 'text', 'attempts': 'integer', 'rows_read': 'bigint',
            'rows_inserted': 'bigint', 'rows_deleted': 'bigint', 'seconds': 'double precision', 'finished_at': 'timestamp',
            'error': 'text'
        },
        'restatements': {
            'batch_id': 'bigint', 'restated_at': 'timestamp', 'alias_id': 'text', 'conversion_name': 'text', 'conversion_id': 'text',
            'fact': 'text', 'old_value': 'text', 'new_value': 'text', 'cause': 'text', 'cause_detail': 'text'
        },
        'channel_changes': {
            'batch_id': 'bigint', 'changed_at': 'timestamp', 'conversion_name': 'text', 'converted_at': 'timestamp',
            'first_touch_channel': 'text', 'last_touch_channel': 'text', 'change': 'bigint'
        },
        'last_audit': {
            'audited_at': 'timestamp', 'looked_since': 'date', 'id_count': 'bigint', 'missed_count': 'bigint', 'missed_since': 'date'
        }
    }) }}
{% endmacro %}

{#-
    Whether this run opens a batch. It does not while models have not applied the previous one, nor if it leaves out the model that
    reads the sources. A retry continues its own batch: the runner names its run in SIGNUP_ATTRIBUTION_RUN.
-#}
{% macro opens_batch() %}
    {%- set states = model_states() -%}
    {%- set batch_id = states['this run'].batch_id -%}
    {%- set is_ours = state_rows('batches', 'select 1 from ' ~ state_table('batches') ~ ' where invocation_id = ' ~ run_name()) | length > 0 -%}
    {%- if batch_id == 0 or is_ours or 'batch_messages' not in selected_models() -%}
        {{ return(batch_id == 0) }}
    {%- elif flags.FULL_REFRESH and 'app_tracks' in selected_models() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set left = [] -%}
    {%- for node in our_tables() | map(attribute='node') if 'reporting' not in node.fqn and not (node.config.meta or {}).get('may_lag') -%}
        {%- do left.append(node.name) if states.get(node.name, {}).get('batch_id', 0) < batch_id -%}
    {%- endfor -%}
    {%- if left and states.get('batch_messages', {}).get('batch_id') == batch_id -%}
        {%- do say_unfinished(left | reject('in', selected_models()) | list) -%}
    {%- endif -%}
    {{ return(not left) }}
{% endmacro %}

{#- Says that this run brings nothing new, and what does. left_out: models that have not applied the open batch and do not run. -#}
{% macro say_unfinished(left_out) %}
    {%- if left_out -%}
        {%- set others = ' and ' ~ (left_out | length - 3) ~ ' others' if left_out | length > 3 else '' -%}
        {%- do say('The previous refresh did not finish, and this run leaves out what it lacks (' ~ left_out[:3] | join(', ') ~ others
            ~ '): nothing new is read before a run with all models of signup_attribution.') -%}
    {%- else -%}
        {%- do say('The previous refresh did not finish. This run finishes it, and the next one brings what is new.') -%}
    {%- endif -%}
{% endmacro %}

{#- Literal: the name of this run in refresh.batches. -#}
{% macro run_name() -%}
    {{ quoted(env_var('SIGNUP_ATTRIBUTION_RUN', invocation_id)) }}
{%- endmacro %}

{#- SQL that opens this run's batch if it is a new one, and marks runs that never finished as died. -#}
{% macro open_batch(is_new) %}
    {%- set batch_id = (model_states().values() | map(attribute='batch_id') | max) + 1 if is_new else current_batch_id() -%}
    {%- if is_new %}
    insert into {{ state_table('batches') }} select {{ batch_id }}, {{ run_name() }}, {{ utc_now() }};
    {%- endif %}
    update {{ state_table('refresh_runs') }} set status = 'died'
    where status = 'running' and run_id is distinct from {{ run_name() }};
    update {{ state_table('refresh_runs') }} set batch_id = {{ batch_id }} where run_id = {{ run_name() }};
    insert into {{ state_table('refresh_runs') }} ({{ state_tables().refresh_runs.keys() | join(', ') }})
    select {{ batch_id }}, 'running', {{ utc_now() }}, null, null, null, null, {{ run_name() }}
    where not exists (select 1 from {{ state_table('refresh_runs') }} where run_id = {{ run_name() }});
{% endmacro %}

{#- Name of a bookkeeping table, with its schema. -#}
{% macro state_table(name) -%}
    "{{ project_schema('refresh') }}".{{ name }}
{%- endmacro %}

{#- Rows of a query on a bookkeeping table as a list; empty before the first refresh. -#}
{% macro state_rows(name, query) %}
    {{ return(run_query(query).rows | list if execute and has_state_table(name) else []) }}
{% endmacro %}

{#- Whether there is a bookkeeping table of that name. -#}
{% macro has_state_table(name) %}
    {#- a refresh creates its tables first; elsewhere they may be missing, and dbt's cache does not see what a hook created -#}
    {{ return((flags.WHICH in ['run', 'build'] and selected_models()) or is_table(project_schema('refresh'), name)) }}
{% endmacro %}

{#- Refuses a refresh whose settings differ from those of the stored rows. -#}
{% macro check_settings() %}
    {%- set left = model_states().values() | selectattr('is_rebuild_due') | map(attribute='model') | list -%} {#- the marked ones -#}
    {%- do stop_if_any(setting_problems(is_rebuilt=flags.FULL_REFRESH or 'app_tracks' in left)) -%}
    {%- if left and not flags.FULL_REFRESH -%}
        {%- do say('An earlier full refresh did not finish. This run finishes it: ' ~ left | length ~ ' tables are left.') -%}
    {%- endif -%}
{% endmacro %}

{#-
    A sentence for each setting that differs from that of the stored rows. is_rebuilt: a full refresh applies all of them, but never
    replaces everybody's tables with a sample.
-#}
{% macro setting_problems(is_rebuilt=false) %}
    {%- set problems = [] -%}
    {%- set current = stored_settings() -%}
    {%- set restated = changed_event_settings() if may_restate_events() else [] -%}
    {%- for name, value in settings_of_tables().items() if name not in restated -%}
        {%- if name == 'sample' and value == 'null' and var('sample') is not none -%}
            {%- do problems.append(sample_refused()) -%}
        {%- elif name in current and name != 'version' and value != current[name] and not is_rebuilt -%}
            {%- do problems.append(name ~ ' changed since the stored tables were built' ~ ('' if 'seeds/' in name else ' (' ~ value ~ ', now ' ~ current[name] ~ ')') ~ ': set it back, or rebuild all tables with --full-refresh.') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{% endmacro %}

{#-
    The settings of the stored tables, as they were before this run: name -> value. The first version of the project stored no version
    number.
-#}
{% macro settings_of_tables() %}
    {%- set known = run_cache('settings of tables') -%}
    {%- if 'all' not in known -%}
        {%- set settings = dict(state_rows('settings', 'select name, value from ' ~ state_table('settings') ~ ' order by name') | map('list')) -%}
        {%- do known.update({'all': dict({'version': '1'}, **settings) if settings else {}}) -%}
    {%- endif -%}
    {{ return(known['all']) }}
{% endmacro %}

{#- Whether the stored tables were built by another version of the project. -#}
{% macro are_of_another_version() %}
    {%- set current = stored_settings().version -%}
    {{ return(is_whole('settings') and settings_of_tables().get('version', current) != current) }}
{% endmacro %}

{#- A full refresh with new settings must begin at app_tracks: a part rebuilt alone would not agree with the rest. -#}
{% macro check_full_refresh() %}
    {%- if flags.FULL_REFRESH and 'app_tracks' not in selected_models() -%}
        {%- if state_rows('archived_messages', 'select 1 from ' ~ state_table('archived_messages') ~ ' limit 1') | length > 0 -%}
            {%- do stop('Months were detached, and tables built from scratch would lack them: run --full-refresh without a selection, which reads the sources again.') -%}
        {%- endif -%}
        {%- set current = stored_settings() -%}
        {%- for name, value in settings_of_tables().items() if name in current and value != current[name] -%}
            {%- do stop(name ~ ' changed since the stored tables were built: run --full-refresh without a selection.') -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- SQL that stores the settings with the rows they shaped, and forgets detached months: for app_tracks built from scratch. -#}
{% macro record_start() %}
    {%- if execute and not is_incremental() -%}
        {%- set rows = [] -%}
        {%- for name, value in stored_settings().items() -%}
            {%- do rows.append('(' ~ quoted(name) ~ ', ' ~ quoted(value) ~ ')') -%}
        {%- endfor -%}
        delete from {{ state_table('archived_messages') }};
        {{ put_all_rows(state_table('settings'), ['name', 'value'], 'values ' ~ rows | join(', ')) }}
    {%- endif -%}
{% endmacro %}
