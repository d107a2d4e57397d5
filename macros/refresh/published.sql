{#-
    The tables that others read at any time, and together. Models new_<...> make what is new of each and leave the tables alone;
    then one transaction brings it to all of them, by statements that no reader has to wait for: rows are deleted and
    inserted, also by a full refresh, and no table is ever replaced, so that views of others stay.
-#}

{#- Published table -> the model that holds its new rows, since the batch after which that model has read its parents. -#}
{% macro published_tables() %}
    {{ return({'all_sessions': 'new_sessions', 'useful_sessions': 'new_useful_sessions', 'attribution': 'new_attribution'}) }}
{% endmacro %}

{#- The newest batch that all published tables have applied; none when one has to be made from scratch. -#}
{% macro published_batch_id() %}
    {%- set batches = [] -%}
    {%- for table in published_tables() -%}
        {%- do batches.append(stored_batch_id(table)) -%}
    {%- endfor -%}
    {{ return(none if none in batches else batches | min) }}
{% endmacro %}

{#-
    Query: all sessions of the persons that are made again (in a build from scratch, of all), as they will be published.
    table: the published table that those which stay as they are come from; for sign-ups useful_sessions is enough, and has few rows.
-#}
{% macro sessions_to_be(table='all_sessions') -%}
    {%- set new_sessions, affected_aliases = ref('new_sessions'), ref('affected_aliases') -%}
    select * from {{ new_sessions }}
    {%- if is_incremental() %}
    {%- set published, columns = stored_relation(table), [] -%}
    {%- set missing = adapter.get_missing_columns(new_sessions, published) | map(attribute='name') | list -%}
    {%- for column in adapter.get_columns_in_relation(new_sessions) -%}
        {%- do columns.append('null as ' ~ column.quoted if column.name in missing else 'stored.' ~ column.quoted) -%}
    {%- endfor %}
    union all
    select {{ columns | join(', ') }} from {{ published }} as stored
    {{ left_as_it_is('stored', 'session_start') }}
    {%- endif %}
{%- endmacro %}

{#- Materialization of the published models: the first of them brings what is new to all of their tables. -#}
{% materialization published, default %}
    {%- set tables, relations = published_tables(), [published_relation(model.name)] -%}
    {%- set is_first = model.name == (tables | first) -%}
    {%- do check_publication(is_first) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- set states = model_states() -%}
    {%- set is_new = is_first and states['new_sessions'].batch_id > states['new_sessions'].reads_after -%}
    {%- if is_new -%}
        {%- for table in tables -%}
            {%- do add_new_columns(table) -%}
            {%- do relations.append(published_relation(table)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {{ announce_model() }}
        {%- for table, new_rows in tables.items() if is_new %}
        {{ publish(table, stored_relation(new_rows), states['new_sessions'].reads_after) }}
        {%- else %}
        select 1;
        {%- endfor %}
    {%- endcall -%}
    {%- if flags.FULL_REFRESH or states.get(model.name, {}).get('documentation') != documentation() -%}
        {%- do persist_docs(relations[0], model) -%}
        {%- call statement('documented') -%}
            update {{ state_table('models') }} set documentation = {{ quoted(documentation()) }} where model = '{{ model.name }}'
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(relations[0], config.get('grants'), should_revoke=true) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': relations}) }}
{% endmaterialization %}

{#-
    Stops unless the new rows of all tables were made of each other and continue what is published; the models that do not
    publish must find that done.
-#}
{% macro check_publication(is_first) %}
    {%- set states, tables = model_states(), published_tables() -%}
    {%- set new_sessions = states.get('new_sessions') -%}
    {%- for new_rows in tables.values() -%}
        {%- set made = states.get(new_rows) -%}
        {%- if not made or stored_relation(new_rows) is none or made.batch_id != new_sessions.batch_id
                or made.reads_after != new_sessions.reads_after or made.refreshed_at < new_sessions.refreshed_at -%}
            {%- do stop(new_rows ~ ' was not made together with the new rows of the other tables: select all (dbt run --select new_sessions+).') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set is_rebuilt = not is_fully_refreshed(model.name) or new_sessions.reads_after == 0
        or states.get(model.name, {}).get('rebuilt_batch_id') == current_batch_id() -%}
    {%- if not is_rebuilt or new_sessions.reads_after not in [0, published_batch_id()] -%}
        {%- do stop(model.name ~ ' has to be rebuilt but ' ~ tables[model.name] ~ ' holds only new rows: select it too (dbt run --full-refresh --select new_sessions+).') -%}
    {%- elif not is_first and new_sessions.batch_id != published_batch_id() -%}
        {%- do stop(model.name ~ ' changes together with ' ~ (tables | first) ~ ': select that too (dbt run --select new_sessions+).') -%}
    {%- endif -%}
{% endmacro %}

{#- The relation of a published table, whether it is there or not. -#}
{% macro published_relation(table) %}
    {%- set node = published_node(table) -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')) }}
{% endmacro %}

{#- What the project says of a published table. -#}
{% macro published_node(table) %}
    {{ return(graph.nodes['model.signup_attribution.' ~ table]) }}
{% endmacro %}

{#- Columns that are new and in the table's contract, in a transaction of its own: readers have to wait for its end. -#}
{% macro add_new_columns(table) %}
    {%- set stored, new_rows = stored_relation(table), stored_relation(published_tables()[table]) -%}
    {%- do check_contract(published_node(table), adapter.get_columns_in_relation(new_rows)) -%}
    {%- for column in (adapter.get_missing_columns(new_rows, stored) if stored is not none else []) -%}
        {%- do run_and_commit('alter table ' ~ stored ~ ' add column ' ~ column.quoted ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
{% endmacro %}

{#-
    SQL that brings the new rows to a published table, moves its watermark, logs it and empties new_rows.
    after: the batch after which the rows are new; 0 for all rows.
-#}
{% macro publish(table, new_rows, after) %}
    {%- set node, stored = published_node(table), stored_relation(table) -%}
    {%- set target_relation, columns = published_relation(table), adapter.get_columns_in_relation(new_rows) -%}
    {%- set documentation = (model_states().get(table) or {}).get('documentation') if stored is not none -%}
    {%- if stored is none %}
    {{ table_of(target_relation, 'select * from ' ~ new_rows, node.config.meta) }}
    {%- for index in node.config.get('indexes') or [] %}
    {{ get_create_index_sql(target_relation, index) }};
    {%- endfor %}
    {%- else %}
    {{ count_before(target_relation, new_rows) }}
    {{ replace_rows(target_relation, new_rows, node.config.unique_key, columns, node.config.meta, after) }}
    {%- endif %}
    create temporary table refreshed_model as
    select
        '{{ table }}' as model, batch_id, {{ rebuilt_batch_id(table, after > 0) }} as rebuilt_batch_id, 0 as reads_after,
        {{ quoted(documentation or '') }} as documentation, (select count(*) from {{ new_rows }}) as rows_written,
        {{ utc_now() }} as refreshed_at, {{ written_columns(columns) }} as column_names
    from {{ state_table('models') }} where model = '{{ published_tables()[table] }}';
    delete from {{ state_table('models') }} where model = '{{ table }}';
    insert into {{ state_table('models') }} select * from refreshed_model;
    insert into {{ state_table('refresh_log') }} (
        batch_id, model, status, attempts, rows_read, rows_inserted, rows_deleted, finished_at
    )
    select
        {{ current_batch_id() }}, refreshed_model.model, 'success', 1, made.rows_written, refreshed_model.rows_written,
        {{ rows_deleted(target_relation, 'refreshed_model.rows_written') if stored is not none else 'cast(null as bigint)' }}, refreshed_model.refreshed_at
    from refreshed_model
    inner join {{ state_table('models') }} as made on made.model = '{{ published_tables()[table] }}';
    drop table refreshed_model;
    truncate table {{ new_rows }};
    update {{ state_table('models') }} set reads_after = batch_id where model = '{{ published_tables()[table] }}';
{% endmacro %}
