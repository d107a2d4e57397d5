{#-
    Watermarks. refresh.models has one row a model: the newest batch it has applied, and the batch that built it from
    scratch. A model reads what its parents wrote in later batches, and its row changes in the same transaction as its
    table, so a refresh that died is continued by the next one and nothing is applied twice.
-#}

{#- The number of this run's batch. -#}
{% macro current_batch_id() %}
    {{ return(model_states()['this run'].batch_id) }}
{% endmacro %}

{#-
    What refresh.models says of each model, by name: batch_id, rebuilt_batch_id, reads_after, documentation, refreshed_at; and as `this run`
    the number of this run's batch (0 before the first). Asked once by each model: dbt renders many pieces of a model, and
    what they ask cannot change while the model is made. But models made beside it may have ended since then:
    is_asked_anew is for who asks about those.
-#}
{% macro model_states(is_asked_anew=false) %}
    {%- set states = remembered('states of ' ~ (model.unique_id if model is defined else '')) -%}
    {%- if is_asked_anew -%}
        {%- do states.clear() -%}
    {%- endif -%}
    {%- if not states -%}
        {%- set query -%}
            select model, batch_id, rebuilt_batch_id, reads_after, documentation, refreshed_at from {{ state_table('models') }}
            union all
            select 'this run', coalesce(max(batch_id), 0), 0, 0, '', max(started_at) from {{ state_table('batches') }}
        {%- endset -%}
        {%- do states.update({'this run': {'batch_id': 0}}) -%}
        {%- for row in state_rows('models', query) -%}
            {%- do states.update({row[0]: {
                'batch_id': row[1], 'rebuilt_batch_id': row[2], 'reads_after': row[3], 'documentation': row[4],
                'refreshed_at': row[5]
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(states) }}
{% endmacro %}

{#-
    A mapping, empty at first, that stays under this key for the whole run, for all models unless the key names one. (dbt's
    graph is the one thing that they share.)
-#}
{% macro remembered(key) %}
    {{ return(graph.setdefault('remembered', {}).setdefault(key, {}) if execute else {}) }}
{% endmacro %}

{#- The newest batch the model has applied; 0 when it is about to be built from scratch. A literal, so that engines prune by it. -#}
{% macro applied_batch_id(name=none) %}
    {%- set name = name or model.name -%}
    {%- set stored = published_batch_id() if name in published_tables() else stored_batch_id(name) -%}
    {{ return(0 if is_fully_refreshed(name) else (stored or 0)) }}
{% endmacro %}

{#- True when this run is a full refresh of the model; with --select it may be one of others only. -#}
{% macro is_fully_refreshed(name) %}
    {{ return(flags.FULL_REFRESH and 'model.signup_attribution.' ~ name in selected_resources) }}
{% endmacro %}

{#-
    The newest batch that the model's stored table has applied; none when there is no table, one older than the app_tracks
    it was made from, or one that a full refresh which died has left to do. What is new of the published tables continues those.
-#}
{% macro stored_batch_id(name) %}
    {%- if name in published_tables().values() -%}
        {{ return(published_batch_id()) }}
    {%- endif -%}
    {%- set states = model_states() -%}
    {%- if name in states and 'app_tracks' in states and stored_relation(name) is not none and not is_damaged(name, states) -%}
        {%- if states[name].rebuilt_batch_id >= [states['app_tracks'].rebuilt_batch_id, 0] | max -%}
            {{ return(states[name].batch_id) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{#- The oldest of several models' watermarks: what a table read by all of them must still hold. -#}
{% macro oldest_applied_batch_id(names) %}
    {%- set batches = [] -%}
    {%- for name in names -%}
        {%- do batches.append(applied_batch_id(name)) -%}
    {%- endfor -%}
    {{ return(batches | min) }}
{% endmacro %}

{#- The model's table as an earlier refresh left it, or none. Used where a ref would close a circle. -#}
{% macro stored_relation(name) %}
    {%- set node = graph.get('nodes', {}).get('model.signup_attribution.' ~ name) if execute else none -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{% endmacro %}

{#- dbt asks this before it decides between an incremental run and a build from scratch. -#}
{% macro should_full_refresh() %}
    {%- set is_model = execute and model.resource_type == 'model' -%}
    {%- if config.get('full_refresh') is not none and not (is_model and is_damaged(model.name, model_states())) -%}
        {{ return(config.get('full_refresh')) }}
    {%- endif -%}
    {{ return(
        flags.FULL_REFRESH or (is_model and (stored_batch_id(model.name) is none or has_other_settings()))
        or (execute and model.resource_type == 'seed' and lacks_columns(model))
    ) }}
{% endmacro %}

{#-
    SQL that moves this model's watermark; the last statement of the model's transaction. A model is complete up to the
    batch its parents are complete up to (a run of a selection may have left some of them behind).
    rows: a relation that holds the rows just written, counted for the report. columns: those that the table is left with.
    reads_after: the batch after which the model has read its parents, for those that keep only what is new.
    is_whole: all stored rows were made anew.
-#}
{% macro record_batch(rows, columns, reads_after=0, is_whole=false) %}
    {%- set parents = [] -%}
    {%- for id in stored_parents(model.depends_on.nodes) -%}
        {%- do parents.append(quoted(id.split('.')[-1])) -%}
    {%- endfor -%}
    {%- set complete -%}
        {%- if parents -%}
            coalesce((select min(batch_id) from {{ state_table('models') }} where model in ({{ parents | join(', ') }})), {{ current_batch_id() }})
        {%- else -%}
            {{ current_batch_id() }}
        {%- endif -%}
    {%- endset -%}
    create temporary table refreshed_model as
    select
        '{{ model.name }}' as model, {{ complete }} as batch_id,
        {{ rebuilt_batch_id(model.name, is_incremental()) }} as rebuilt_batch_id, {{ reads_after }} as reads_after,
        {{ quoted(documentation()) }} as documentation, (select count(*) from {{ rows }}) as rows_written, {{ utc_now() }} as refreshed_at,
        {{ written_columns(columns) }} as column_names;
    delete from {{ state_table('models') }} where model = '{{ model.name }}';
    insert into {{ state_table('models') }} select * from refreshed_model;
    {{ record_text(is_whole or (not is_incremental() and reads_after == 0)) }}
    {{ log_model(rows) }}
    drop table refreshed_model;
{% endmacro %}

{#- Expression: the batch that built a model from scratch, which is this one unless the model goes on with what it has. -#}
{% macro rebuilt_batch_id(name, goes_on) -%}
    {%- if goes_on -%}
        coalesce((select max(rebuilt_batch_id) from {{ state_table('models') }} where model = '{{ name }}'), 0)
    {%- else -%}
        {{ current_batch_id() }}
    {%- endif -%}
{%- endmacro %}

{#- Post-hook of every model with a watermark: an incremental run has recorded its batch in its strategy already. -#}
{% macro record_rebuild(reads_after=0) %}
    {%- if execute and not is_incremental() -%}
        {#- what is made by each refresh needs no columns kept -#}
        {{ record_batch(this, adapter.get_columns_in_relation(this) if config.get('materialized') == 'incremental' else [], reads_after) }}
    {%- endif -%}
{% endmacro %}

{#- Literal: the names of columns as refresh.models keeps them, a line each. -#}
{% macro written_columns(columns) -%}
    {{ quoted(columns | map(attribute='name') | join('\n')) }}
{%- endmacro %}

{#-
    Deletes the rows of a log that all its readers had applied before the last batch that they have: the older one of the two
    published files of DuckDB is one refresh behind (scripts/published.py).
-#}
{% macro prune_applied(readers) %}
    {%- set last_needed_by_none = [oldest_applied_batch_id(readers) - 1, 0] | max %}
    delete from {{ this }} where batch_id <= {{ last_needed_by_none }};
    update {{ state_table('models') }} set reads_after = {{ last_needed_by_none }} where model = '{{ model.name }}';
{% endmacro %}

{#- Ids of the models with a table that these nodes are or read: an ephemeral model is as new as what it reads. -#}
{% macro stored_parents(ids) %}
    {%- set found = [] -%}
    {%- for id in ids if id.startswith('model.') -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.config.materialized == 'ephemeral' -%}
            {%- do found.extend(stored_parents(node.depends_on.nodes)) -%}
        {%- else -%}
            {%- do found.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
