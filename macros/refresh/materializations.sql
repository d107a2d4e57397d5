{#-
    How our tables are built: `batched`, and `published` for those that readers see together (macros/refresh/publish.sql). Either the
    table is built from scratch and replaces the old one, or the rows that the open batch brings are staged in this_batch and go from
    there into the table, by the strategy of its folder (macros/refresh/strategies.sql). One transaction.
-#}
{% materialization batched, default %}
    {%- do begin_session() -%}
    {%- set target_relation, step = this.incorporate(type='table'), next_step(model.name) -%}
    {%- if step in ['leave', 'move'] -%}
        {{ return(left_as_it_is(target_relation, with_inner_hooks=false)) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if step == 'rebuild' or config.get('incremental_strategy') == 'this_batch' -%}
        {{ build(target_relation) }}
    {%- else -%}
        {{ apply_batch(target_relation) }}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do document(model, target_relation, step == 'rebuild') -%}
    {%- do end_model([model.name]) -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=true) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization published, default %}
    {%- do begin_session() -%}
    {%- set relations, is_first = [published_relation(model.name)], model.name == (published_tables() | first) -%}
    {%- set step = next_step(model.name) -%}
    {%- if step in ['leave', 'move'] -%}
        {{ return(left_as_it_is(relations[0])) }}
    {%- elif not is_first -%}
        {%- do stop(model.name ~ (' has to be rebuilt' if step == 'rebuild' else ' changes') ~ ' together with ' ~ (published_tables() | first)
            ~ ': select both (dbt run ' ~ ('--full-refresh ' if step == 'rebuild') ~ '--select ' ~ config.get('meta').rows ~ '+).') -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {{ make_batch_rows() }}
    {%- do relations.extend(publish_all()) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do end_model(published_tables()) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': relations}) }}
{% endmaterialization %}

{#-
    The result of a materialization that has nothing to do, which costs no query; a watermark moves when all models are done. Hooks and
    grants of those who use the project still run. with_inner_hooks: also the hooks in the model's transaction, which for a batched table
    belong to the rows that it gets.
-#}
{% macro left_as_it_is(relation, with_inner_hooks=true) %}
    {%- do note_move() if our_models().get(model.name, {}).is_batched -%}
    {%- do store_result('main', response='OK') -%}
    {%- do store_result('agate_table', response='OK') -%} {#- dbt expects the rows of a seed -#}
    {%- if pre_hooks or post_hooks or config.get('grants') or has_other_documentation(model) -%}
        {{ run_hooks(pre_hooks, inside_transaction=False) }}
        {{ run_hooks(pre_hooks if with_inner_hooks else [], inside_transaction=True) }}
        {%- call statement('main') -%} select 1 {%- endcall -%}
        {%- do document(model, relation, false) -%}
        {%- do apply_grants(relation, config.get('grants'), should_revoke=true) -%}
        {{ run_hooks(post_hooks if with_inner_hooks else [], inside_transaction=True) }}
        {%- do adapter.commit() -%}
        {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmacro %}

{#-
    Builds the table from scratch and swaps it in. In SQL of its own, because each time that dbt's adapter renames or drops something it
    gathers all macros of the project anew.
-#}
{% macro build(target_relation) %}
    {{ adapter.dispatch('build', 'signup_attribution')(target_relation) }}
{% endmacro %}

{% macro default__build(target_relation) %}
    {%- set existing, made_as = load_cached_relation(this), make_intermediate_relation(target_relation) -%}
    {%- do drop_relation_if_exists(load_cached_relation(made_as)) -%}
    {%- call statement('main') -%}
        {{ announce_model() }}
        {{ begin_parts() }}
        {{ stored_table_as(made_as, sql) }}
    {%- endcall -%}
    {%- do add_other_parts(made_as) -%}
    {%- call statement('built') -%}
        {{ 'drop ' ~ existing.type | replace('_', ' ') ~ ' if exists ' ~ existing ~ ' cascade;' if existing }}
        alter table {{ made_as }} rename to {{ adapter.quote(target_relation.identifier) }};
        {{ name_partitions() }}
        {%- set row_count = '(select count(*) from ' ~ target_relation ~ ')' %}
        {{ save_watermark(model.name, row_count, row_count, 'null', columns_of(made_as), is_rebuilt=is_rebuilt(model.name)) }}
    {%- endcall -%}
    {%- if existing -%}
        {%- do adapter.cache_dropped(existing) -%} {#- and the views that went with it -#}
    {%- endif -%}
    {%- do create_indexes(target_relation) -%}
    {%- do take_statistics(target_relation) -%}
{% endmacro %}

{#- Stages the rows of the model's query in this_batch. -#}
{% macro make_batch_rows() %}
    {{ adapter.dispatch('make_batch_rows', 'signup_attribution')() }}
{% endmacro %}

{% macro default__make_batch_rows() %}
    {%- set rows = batch_relation(model.name) -%}
    {%- call statement('rows') -%}
        {{ announce_model() }}
        {{ begin_parts() }}
        drop table if exists {{ rows }};
        {{ stored_table_as(rows, sql, is_of_batch=true) }}
        comment on table {{ rows }} is {{ quoted(marked('The rows that the newest batch brought to ' ~ this)) }};
    {%- endcall -%}
    {%- do add_other_parts(rows) -%}
{% endmacro %}

{#- Brings the rows of the batch to the table. -#}
{% macro apply_batch(target_relation) %}
    {{ make_batch_rows() }}
    {%- set rows = batch_relation(model.name) -%}
    {%- set columns = with_new_columns(model.name, target_relation, columns_of(rows)) -%}
    {%- do check_contract(model, columns) -%}
    {%- call statement('main') -%}
        {%- if config.get('incremental_strategy') == 'append' -%}
            {{ append_rows(target_relation, rows, columns) }}
            {%- set row_count = '(select count(*) from ' ~ rows ~ ')' %}
            {{ save_watermark(model.name, row_count, row_count, 0, columns) }}
        {%- else -%}
            {{ replace_rows(model, target_relation, rows, columns, applied_batch_id()) }}
        {%- endif -%}
    {%- endcall -%}
    {%- do take_statistics(target_relation) -%}
{% endmacro %}

{#-
    Adds columns that the rows have and the table of the model lacks; returns the table's columns afterwards. It has those that refresh.models
    lists: a table that has lost one is built from scratch.
-#}
{% macro with_new_columns(name, relation, columns) %}
    {%- set listed = (model_states().get(name, {}).column_names or '').split('\n') | sort -%}
    {%- if listed == columns | map(attribute='name') | sort and not is_rebuilt(name) -%}
        {{ return(columns) }}
    {%- endif -%}
    {%- set known = columns_of(relation) -%}
    {%- set added = columns | rejectattr('name', 'in', known | map(attribute='name') | list) | list -%}
    {%- for column in added -%}
        {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ quoted_name(column.name) ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {{ return(columns_of(relation) if added else known) }}
{% endmacro %}

{#- Comments on the table and its columns, if the table is new or its descriptions changed. -#}
{% macro document(node, relation, is_new) %}
    {%- if is_new or has_other_documentation(node) -%}
        {%- call statement('documented') -%}
            {{ comments_on(relation, node) }}
            {%- if not is_new %}
            update {{ state_table('models') }} set documentation = {{ quoted(documentation(node)) }} where model = '{{ node.name }}'
            {%- endif %}
        {%- endcall -%}
        {%- do model_states().get(node.name, {}).update({'documentation': documentation(node)}) -%}
    {%- endif -%}
{% endmacro %}

{#- Whether the comments on a table of ours are those of an earlier description. -#}
{% macro has_other_documentation(node) %}
    {{ return(our_models().get(node.name, {}).is_batched and model_states().get(node.name, {}).get('documentation') != documentation(node)) }}
{% endmacro %}

{#- Statistics for the planner on what changed. -#}
{% macro take_statistics(relation) %}
    {%- set sql = analyze_table(relation) -%}
    {%- if sql | trim -%}
        {%- do run_query(sql) -%}
    {%- endif -%}
{% endmacro %}
