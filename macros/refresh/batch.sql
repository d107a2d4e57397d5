{#-
    A refresh is one batch. Each model applies the open batch in one transaction with its watermark in refresh.models, and the next
    batch opens only when all models have applied it. So no model is ever more than one batch behind, and the schema this_batch can
    hold what the batch brings until then. See docs/how-a-refresh-works.md.
-#}

{#- The number of the open batch; 0 before the first. -#}
{% macro current_batch_id() %}
    {{ return(model_states()['this run'].batch_id) }}
{% endmacro %}

{#-
    A mapping, initially empty, that is kept under this key for the whole run and shared by all models, unless the key names one.
    (dbt's graph is the only object they share.)
-#}
{% macro run_cache(key) %}
    {{ return(graph.setdefault('run_cache', {}).setdefault(key, {}) if execute else {}) }}
{% endmacro %}

{#-
    The rows of refresh.models by model name, and under `this run` the number of the open batch. They are read once, when the batch is
    open; each model then updates its own, as nothing else changes them during a run.
-#}
{% macro model_states() %}
    {%- set states = run_cache('states') -%}
    {%- if 'this run' not in states -%}
        {%- do reload_states() -%}
        {%- for row in state_rows('batches', 'select coalesce(max(batch_id), 0) from ' ~ state_table('batches')) -%}
            {%- do states.update({'this run': {'batch_id': row[0]}}) -%}
        {%- else -%}
            {%- do states.update({'this run': {'batch_id': 0}}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(states) }}
{% endmacro %}

{#- Reads all rows, or those of models that have just done their part. -#}
{% macro reload_states(done=none) %}
    {%- set columns = state_tables().models.keys() | list -%}
    {%- set query = 'select ' ~ columns | join(', ') ~ ' from ' ~ state_table('models') ~ (' where ' ~ is_one_of('model', done) if done) -%}
    {%- for row in state_rows('models', query) -%}
        {%- do run_cache('states').update({row[0]: dict(zip(columns, row))}) -%}
    {%- endfor -%}
    {%- for name in done or [] if is_rebuilt(name) -%}
        {%- do rebuilt_tables().names.remove(name) -%}
    {%- endfor -%}
{% endmacro %}

{#- The table that the SQL of a model is for: the model itself, or of one without a table the one that reads it. -#}
{% macro table_node() %}
    {%- set readers = [model] -%}
    {%- if execute and model.resource_type == 'model' and not is_batched(model) -%}
        {%- for node in batched_nodes() if model.unique_id in node.depends_on.nodes -%}
            {%- do readers.append(node) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(readers | last) }}
{% endmacro %}

{#- The newest batch the model has applied; 0 when it is about to be built from scratch. A literal, so that engines prune by it. -#}
{% macro applied_batch_id(name=none) %}
    {%- set name = name or (table_node().name if model.resource_type == 'model') -%}
    {{ return(0 if not execute or not name or is_rebuilt(name) else model_states().get(name, {}).get('batch_id', 0)) }}
{% endmacro %}

{#- Names of the models that this command selects. -#}
{% macro selected_models() %}
    {%- set known = run_cache('selected models') -%}
    {%- if not known -%}
        {%- set names = [] -%}
        {%- for id in selected_resources if id.startswith('model.signup_attribution.') -%}
            {%- do names.append(id.split('.')[-1]) -%}
        {%- endfor -%}
        {%- do known.update({'names': names}) -%}
    {%- endif -%}
    {{ return(known.get('names', [])) }}
{% endmacro %}

{#- The newest batch that all parents of a model have applied, which is as far as it can go. -#}
{% macro complete_batch_id(name) %}
    {%- set states, batches = model_states(), [current_batch_id()] -%}
    {%- for parent in stored_parents(stored_node(name)) -%}
        {%- do batches.append(states.get(parent, {}).get('batch_id', 0)) -%}
    {%- endfor -%}
    {{ return(batches | min) }}
{% endmacro %}

{#-
    What a model has to do: rebuild, apply the batch, move on (nothing changed in its inputs, so only its watermark moves), or nothing
    at all. A model with `always` in its meta also reads things that are not models: rules, settings, business tables.
-#}
{% macro next_step(name) %}
    {%- set states, meta, complete = model_states(), config.get('meta') or {}, complete_batch_id(name) -%}
    {%- if is_rebuilt(name) -%}
        {{ return('rebuild') }}
    {%- elif meta.always and (config.get('incremental_strategy') == 'replace_all' or not stored_parents(stored_node(name))) -%}
        {{ return('apply') }}
    {%- elif states.get(name, {}).get('batch_id', 0) >= complete -%}
        {{ return('leave') }}
    {%- elif meta.always or not stored_parents(stored_node(name)) -%}
        {{ return('apply') }}
    {%- endif -%}
    {%- for parent in stored_parents(stored_node(name)) -%}
        {%- if states[parent].changed_batch_id > states[name].batch_id -%}
            {{ return('apply') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('move') }}
{% endmacro %}

{#- Whether a node of dbt's graph is a table of ours that applies batches. -#}
{% macro is_batched(node) %}
    {{ return(node.package_name == 'signup_attribution' and node.config.materialized in ['batched', 'published']) }}
{% endmacro %}

{#- Whether a model reads rows that only the open batch has. -#}
{% macro reads_this_batch(node) %}
    {%- for name in stored_parents(node) if stored_node(name).config.incremental_strategy == 'this_batch' -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{% endmacro %}

{#- Whether a table of this_batch holds more than the batch when what reads it is built from scratch: all that there is. -#}
{% macro holds_all_for_rebuilt(node) %}
    {{ return((node.config.get('meta') or {}).get('holds_all_for_rebuilt', false)) }}
{% endmacro %}

{#- The model in dbt's graph, which builds it again at each look-up; none if it is disabled. -#}
{% macro stored_node(name) %}
    {%- set nodes = run_cache('nodes') -%}
    {%- if name not in nodes -%}
        {%- do nodes.update({name: graph.nodes.get('model.signup_attribution.' ~ name)}) -%}
    {%- endif -%}
    {{ return(nodes[name]) }}
{% endmacro %}

{#- The model's table, or none. Used where a ref would close a circle. -#}
{% macro stored_relation(name) %}
    {%- set node = stored_node(name) if execute else none -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{% endmacro %}

{#- Names of the tables of ours that a node reads; through views and models without a relation, which are as new as what they read. -#}
{% macro stored_parents(node) %}
    {%- set known = run_cache('parents') -%}
    {%- if node.unique_id not in known -%}
        {%- set names = [] -%}
        {%- for id in node.depends_on.nodes if id.startswith('model.') -%}
            {%- set parent = graph.nodes[id] -%}
            {%- do names.extend([parent.name] if is_batched(parent) else stored_parents(parent)) -%}
        {%- endfor -%}
        {%- do known.update({node.unique_id: names | unique | list}) -%}
    {%- endif -%}
    {{ return(known[node.unique_id]) }}
{% endmacro %}

{#-
    As stored_parents, but where a table of this_batch holds all for who is built from scratch, what that was made of; and the table too
    where its rows do not tell which batch brought them (`for_all_or_none`), so that one reader is not built from scratch without the others.
-#}
{% macro kept_parents(node) %}
    {%- set names = [] -%}
    {%- for name in stored_parents(node) -%}
        {%- set parent = stored_node(name) -%}
        {%- if not holds_all_for_rebuilt(parent) or parent.config.meta.get('for_all_or_none') -%}
            {%- do names.append(name) -%}
        {%- endif -%}
        {%- do names.extend(kept_parents(parent) if holds_all_for_rebuilt(parent) else []) -%}
    {%- endfor -%}
    {{ return(names | unique | list) }}
{% endmacro %}

{#- The nodes of all tables of ours that apply batches. -#}
{% macro batched_nodes() %}
    {%- set known = run_cache('batched nodes') -%}
    {%- if not known -%}
        {%- set nodes = [] -%}
        {%- for node in stored_nodes() if is_batched(node) -%}
            {%- do nodes.append(node) -%}
        {%- endfor -%}
        {%- do known.update({'all': nodes}) -%}
    {%- endif -%}
    {{ return(known.all) }}
{% endmacro %}

{#- Names of the tables of ours that read a model and keep what they make of it. -#}
{% macro stored_children(name) %}
    {%- set known = run_cache('children') -%}
    {%- if name not in known -%}
        {%- set names = [] -%}
        {%- for node in batched_nodes() if name in stored_parents(node) -%}
            {%- do names.extend(stored_children(node.name) if holds_all_for_rebuilt(node) else [node.name]) -%}
        {%- endfor -%}
        {%- do known.update({name: names | unique | list}) -%}
    {%- endif -%}
    {{ return(known[name]) }}
{% endmacro %}

{#-
    The oldest watermark among the readers of a table of this_batch, which has to hold everything after it. A reader that this run
    leaves out gets at least what the batch brings.
-#}
{% macro applied_by_all_readers(name) %}
    {%- set batches = [] -%}
    {%- for reader in (stored_children(name) if execute else []) -%}
        {%- set is_left_out = selected_models() and reader not in selected_models() -%}
        {%- do batches.append(current_batch_id() - 1 if is_left_out else applied_batch_id(reader)) -%}
    {%- endfor -%}
    {{ return(batches | min if batches else 0) }}
{% endmacro %}

{#-
    Query on a table of this_batch: the rows that this model has not applied yet. Refuses if the model is built from scratch and the
    table does not have all rows.
-#}
{% macro new_rows_of(name) -%}
    {%- set relation = ref(name) -%}
    {%- set state = model_states().get(name) if execute and model.resource_type == 'model' else none -%}
    {%- set table = table_node().name -%}
    {%- if state and not state.is_whole and is_rebuilt(table) -%}
        {%- do stop(table ~ ' has to be rebuilt but ' ~ name ~ ' holds only new rows: select it too (dbt run --full-refresh --select ' ~ name ~ '+).') -%}
    {%- endif -%}
    select * from {{ relation }}
    where batch_id > {{ applied_batch_id() }}
{%- endmacro %}

{#- The rows that the open batch brings to a stored table, after its refresh: in a schema of their own, under its name. -#}
{% macro batch_relation(name) %}
    {{ return(api.Relation.create(database=target.database, schema=project_schema('this_batch'), identifier=stored_node(name).alias, type='table')) }}
{% endmacro %}

{#-
    After `from`: the rows that the batch added to a table, or the whole table in a build from scratch.
-#}
{% macro batch_rows(name) -%}
    {%- set relation = ref(name) -%}
    {%- if not execute or model.resource_type != 'model' or not is_incremental() -%}
        {{ relation }}
    {%- elif model_states()[name].made_batch_id != complete_batch_id(table_node().name) -%}
        (select * from {{ relation }} where false)
    {%- else -%}
        {{ batch_relation(name) }}
    {%- endif -%}
{%- endmacro %}
