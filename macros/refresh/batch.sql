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
{% endmacro %}

{#- Name of the table that the SQL of a model is for: the model itself, or for one without a table the one that reads it. -#}
{% macro table_name() %}
    {{ return(our_models().get(model.name, {}).get('table', model.name) if model.resource_type == 'model' else model.name) }}
{% endmacro %}

{#- The newest batch the model has applied; 0 when it is about to be built from scratch. A literal, so that engines prune by it. -#}
{% macro applied_batch_id(name=none) %}
    {%- set name = name or (table_name() if model.resource_type == 'model') -%}
    {{ return(0 if not execute or not name or is_rebuilt(name) else model_states().get(name, {}).get('batch_id', 0)) }}
{% endmacro %}

{#- Names of the models that this command selects; none for an operation, for which dbt still has those of the process's previous command. -#}
{% macro selected_models() %}
    {%- set known = run_cache('selected models') -%}
    {%- if not known -%}
        {%- set names = [] -%}
        {%- for id in (selected_resources if flags.WHICH != 'run-operation' else []) if id.startswith('model.signup_attribution.') -%}
            {%- do names.append(id.split('.')[-1]) -%}
        {%- endfor -%}
        {%- do known.update({'names': names}) -%}
    {%- endif -%}
    {{ return(known.get('names', [])) }}
{% endmacro %}

{#- The newest batch that all parents of a model have applied, which is as far as it can go. -#}
{% macro complete_batch_id(name) %}
    {%- set states, batches = model_states(), [current_batch_id()] -%}
    {%- for parent in our_models()[name].parents -%}
        {%- do batches.append(states.get(parent, {}).get('batch_id', 0)) -%}
    {%- endfor -%}
    {{ return(batches | min) }}
{% endmacro %}

{#-
    What a model has to do: rebuild, apply the batch, move on (nothing changed in its inputs, so only its watermark moves), or nothing
    at all. A model with `always` in its meta also reads things that are not models: rules, settings, business tables.
-#}
{% macro next_step(name) %}
    {%- set states, meta, complete, parents = model_states(), config.get('meta') or {}, complete_batch_id(name), our_models()[name].parents -%}
    {%- if is_rebuilt(name) -%}
        {{ return('rebuild') }}
    {%- elif meta.always and (config.get('incremental_strategy') == 'replace_all' or not parents) -%}
        {{ return('apply') }}
    {%- elif states.get(name, {}).get('batch_id', 0) >= complete -%}
        {{ return('leave') }}
    {%- elif meta.always or not parents -%}
        {{ return('apply') }}
    {%- endif -%}
    {%- for parent in parents -%}
        {%- if states[parent].changed_batch_id > states[name].batch_id -%}
            {{ return('apply') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('move') }}
{% endmacro %}

{#-
    What a refresh needs from dbt's graph, looked up once: name of each model of ours, parents before children ->
    node: the model in dbt's graph; disabled ones are left out;
    is_batched: whether it is a table that applies batches;
    holds_all: whether it is a table of this_batch that holds everything, not only the batch, when its readers are built from scratch;
    parents: names of the tables that it reads, also through views and models without a relation, which are as new as what they read;
    kept_parents: the same, but with what a table that holds all is made of in its place; and that table too if its rows do not tell
    which batch brought them (`for_all_or_none`), so that no reader is built from scratch without the others;
    children: names of the tables that read it and store what they make of it;
    reads_this_batch: whether it reads rows that only the open batch has;
    table: name of the table that its SQL is for.
-#}
{% macro our_models() %}
    {%- set known = run_cache('our models') -%}
    {%- if execute and not known -%}
        {%- set prefix, ours, reads, made = 'model.signup_attribution.', [], {}, {} -%}
        {%- for id in graph.nodes if id.startswith(prefix) -%} {#- dbt rebuilds a node at each look-up -#}
            {%- do ours.append(graph.nodes[id]) -%}
        {%- endfor -%}
        {%- set ids = ours | map(attribute='unique_id') | list -%}
        {%- for node in ours -%}
            {%- do reads.update({node.name: node.depends_on.nodes | select('in', ids) | map('replace', prefix, '') | list}) -%}
        {%- endfor -%}
        {%- for _ in ours if made | length < ours | length -%}
            {%- for node in ours if node.name not in made and not reads[node.name] | reject('in', made) | list -%}
                {%- set meta, parents, kept, strategies = node.config.meta or {}, [], [], [] -%}
                {%- for name in reads[node.name] -%}
                    {%- do parents.extend([name] if made[name].is_batched else made[name].parents) -%}
                {%- endfor -%}
                {%- for name in parents | unique -%}
                    {%- set parent = made[name] -%}
                    {%- do strategies.append(parent.node.config.incremental_strategy) -%}
                    {%- do kept.append(name) if not parent.holds_all or parent.node.config.meta.for_all_or_none -%}
                    {%- do kept.extend(parent.kept_parents if parent.holds_all else []) -%}
                {%- endfor -%}
                {%- do made.update({node.name: {
                    'node': node, 'is_batched': node.config.materialized in ['batched', 'published'], 'holds_all': meta.get('holds_all_for_rebuilt', false),
                    'parents': parents | unique | list, 'kept_parents': kept | unique | list, 'children': [],
                    'reads_this_batch': 'this_batch' in strategies, 'table': node.name
                }}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for name, child in made.items() | reverse if child.is_batched -%}
            {%- for parent in child.parents -%}
                {%- do made[parent].children.extend(child.children if child.holds_all else [name]) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for node in ours if made[node.name].is_batched -%}
            {%- for name in reads[node.name] if not made[name].is_batched -%}
                {%- do made[name].update({'table': node.name}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do known.update({'all': made}) -%}
    {%- endif -%}
    {{ return(known.get('all', {})) }}
{% endmacro %}

{#- Those that are tables which apply batches. -#}
{% macro our_tables() %}
    {{ return(our_models().values() | selectattr('is_batched') | list) }}
{% endmacro %}

{#- The model's table, or none. Used where a ref would create a cycle. -#}
{% macro stored_relation(name) %}
    {%- set node = our_models().get(name, {}).node -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{% endmacro %}

{#-
    The oldest watermark among the readers of a table of this_batch, which has to hold everything after it. A reader that this run
    leaves out gets at least what the batch brings.
-#}
{% macro applied_by_all_readers(name) %}
    {%- set batches = [] -%}
    {%- for reader in (our_models()[name].children | unique if execute else []) -%}
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
    {%- set table = table_name() -%}
    {%- if state and not state.is_whole and is_rebuilt(table) -%}
        {%- do stop(table ~ ' has to be rebuilt but ' ~ name ~ ' holds only new rows: select it too (dbt run --full-refresh --select ' ~ name ~ '+).') -%}
    {%- endif -%}
    select * from {{ relation }}
    where batch_id > {{ applied_batch_id() }}
{%- endmacro %}

{#- The rows that the open batch brings to a stored table, after its refresh: in a schema of their own, under its name. -#}
{% macro batch_relation(name) %}
    {{ return(api.Relation.create(database=target.database, schema=project_schema('this_batch'), identifier=our_models()[name].node.alias, type='table')) }}
{% endmacro %}

{#-
    After `from`: the rows that the batch added to a table, or the whole table in a build from scratch.
-#}
{% macro batch_rows(name) -%}
    {%- set relation = ref(name) -%}
    {%- if not execute or model.resource_type != 'model' or not is_incremental() -%}
        {{ relation }}
    {%- elif model_states()[name].made_batch_id != complete_batch_id(table_name()) -%}
        (select * from {{ relation }} where false)
    {%- else -%}
        {{ batch_relation(name) }}
    {%- endif -%}
{%- endmacro %}
