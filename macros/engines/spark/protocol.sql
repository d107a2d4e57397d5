{#-
    The refresh protocol on Iceberg, where a statement is a transaction of one table. The rows that a batch brings are staged first; the
    table gets them by one statement, which can be repeated; the watermark moves last. So a refresh that dies anywhere is finished by
    the next one, which finds the rows staged and does not compute them from a table that has them already.
-#}

{% macro spark__build(target_relation) %}
    {%- if is_made_anew() -%}
        {{ check_parts() }}
        {%- call statement('main') -%} {{ stored_table_as(target_relation, sql) }} {%- endcall -%}
    {%- else -%}
        {{ make_batch_rows() }}
    {%- endif -%}
    {%- set row_count = '(select count(*) from ' ~ target_relation ~ ')' -%}
    {%- call statement('built') -%}
        {{ save_watermark(model.name, row_count, row_count, 'null', adapter.get_columns_in_relation(target_relation), is_rebuilt=is_rebuilt(model.name)) }}
    {%- endcall -%}
{% endmacro %}

{#- The table records up to which batch, and after which one, its rows were computed. -#}
{% macro spark__make_batch_rows() %}
    {%- set rows = batch_relation(model.name) -%}
    {%- if applied_batch_id() == 0 or run_cache('opened batch') or not is_table(rows.schema, rows.identifier) or not is_made_for_batch(rows) -%}
        {{ check_parts() }}
        {%- call statement('main') -%} {{ spark__table_of(rows, sql, {'made_for': made_for()}) }} {%- endcall -%}
    {%- else -%}
        {%- do store_result('main', response='OK') -%}
    {%- endif -%}
{% endmacro %}

{#- The batches of the table that the model's SQL is for, which tell for what its rows were computed. -#}
{% macro made_for() %}
    {{ return(applied_batch_id() ~ '-' ~ complete_batch_id(table_name())) }}
{% endmacro %}

{% macro is_made_for_batch(relation) %}
    {{ return(relation is not none and ['made_for', made_for()] in run_query('show tblproperties ' ~ relation).rows | map('list') | list) }}
{% endmacro %}

{#- A table that stands for a view, and that this run leaves out, must not be that of an earlier batch. -#}
{% macro check_parts() %}
    {%- for known in our_models().values() if known.table == model.name and known.node.config.materialized == 'view' and known.node.name not in selected_models() -%}
        {%- if not is_made_for_batch(stored_relation(known.node.name)) -%}
            {%- do stop(model.name ~ ' would read rows of an earlier batch from ' ~ known.node.name ~ ': select it too (--select ' ~ known.node.name ~ '+).') -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro spark__append_rows(target_relation, rows, columns) %}
    delete from {{ target_relation }} where batch_id > {{ applied_batch_id() }};
    insert into {{ target_relation }} ({{ quoted_names(columns) }}) select {{ quoted_names(columns) }} from {{ rows }};
{% endmacro %}

{#- See default__replace_rows. Stored rows that go without a successor are rows of the merge, too: their keys, which is all that it needs. -#}
{% macro spark__replace_rows(node, target_relation, rows, columns, after) %}
    {%- set meta, unique_key = node.config.meta or {}, node.config.unique_key -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set facts = columns | rejectattr('name', 'in', keys + ['batch_id']) | map(attribute='quoted') | list -%}
    {%- set is_whole = after == 0 or node.config.incremental_strategy == 'replace_all' -%}
    {%- set replaced, makes_way, files = '', 'true', 'true' -%}
    {%- if not is_whole and node.config.incremental_strategy == 'replace_persons' -%}
        {%- set files = in_files_of(node, changed_persons(after), 'alias_id', 'changed_since', meta.since if not meta.since_is_optional) -%}
        {%- set replaced = 'inner join ' ~ changed_persons(after) ~ ' on changed_persons.alias_id = stored.alias_id' -%}
        {%- if meta.since -%}
            {%- set makes_way = ('stored.' ~ meta.since ~ ' is null or ' if meta.since_is_optional) ~ 'stored.' ~ meta.since ~ ' >= changed_persons.changed_since' -%}
        {%- endif -%}
    {%- elif not is_whole -%}
        {%- set shared = meta.get('replaced_by', keys) -%}
        {%- set replaced -%}
        inner join (
            select {{ shared | join(', ') }}{{ ', min(' ~ meta.since ~ ') as first_new' if meta.since }} from {{ rows }}
            group by {{ shared | join(', ') }}
        ) as replaced on {{ same_values(shared, 'replaced', 'stored') }}
        {%- endset -%}
        {%- set makes_way = 'replaced.first_new <= stored.' ~ meta.get('until', meta.since) if meta.since else 'true' -%}
        {%- set files = in_files_of(node, rows, shared[0], meta.since, meta.get('until', meta.since)) -%}
    {%- endif -%}
    {%- set coming = 'select * from ' ~ rows ~ (' where not (' ~ meta.gone ~ ')' if meta.gone else '') %}
    merge into {{ target_relation }} as stored
    using (
        select {{ quoted_names(columns) }}, false as is_gone from ({{ coming }}) as coming
        union all
        select {% for column in columns %}{{ 'stored.' ~ column.quoted if column.name in keys else 'null' }}, {% endfor %}true as is_gone
        from {{ target_relation }} as stored
        {{ replaced }}
        where ({{ makes_way }}) and {{ files }} and not exists (select 1 from ({{ coming }}) as coming where {{ same_values(keys, 'coming', 'stored') }})
    ) as made
    on {{ same_values(keys, 'made', 'stored') }} and {{ files }}
    when matched and made.is_gone then delete
    {%- if facts %}
    when matched and not ({% for fact in facts %}made.{{ fact }} <=> stored.{{ fact }}{{ ' and ' if not loop.last }}{% endfor %})
        then update set {% for column in columns %}stored.{{ column.quoted }} = made.{{ column.quoted }}{{ ', ' if not loop.last }}{% endfor %}
    {%- endif %}
    when not matched then insert ({{ quoted_names(columns) }}) values (made.{{ columns | map(attribute='quoted') | join(', made.') }});
    {%- set row_count = '(select count(*) from ' ~ rows ~ ')' -%}
    {{ save_watermark(
        node.name, row_count, row_count, 'null', columns,
        is_rebuilt=is_rebuilt(node.name), is_of_present_text=is_whole, may_lose_rows=node.config.incremental_strategy != 'replace_keys'
    ) }}
{% endmacro %}

{#-
    Each published table is written on a branch that readers do not see. Once all are written, the tables are moved to their branches one
    after another, which writes no rows. If the refresh dies before that is done, the next one starts new branches.
-#}
{% macro spark__unseen(relation) %}
    {%- do run_query('alter table ' ~ relation ~ ' create or replace branch unseen') -%}
    {{ return(relation ~ '.branch_unseen') }}
{% endmacro %}

{% macro spark__show(relation) %}
    call system.fast_forward(table => {{ quoted(relation | string) }}, branch => 'main', to => 'unseen');
    alter table {{ relation }} drop branch unseen;
{% endmacro %}

{#- Whether a table is computed again if the refresh dies before its watermark has moved; other rows are found staged. -#}
{% macro is_made_anew() %}
    {{ return(is_rebuilt(model.name) or (config.get('incremental_strategy') == 'this_batch' and not our_models()[model.name].parents)) }}
{% endmacro %}

{#-
    Watermarks move after all else that a model does. Staged rows can be brought to their tables again, so watermarks move together, by one
    statement at the end of the run; a death before that only repeats what was done. But those of tables that are made anew move at once.
-#}
{% macro spark__put_watermark(name, row) %}
    {%- do run_cache('at the end').setdefault(model.name, []).append([name, row]) -%}
{% endmacro %}

{% macro spark__end_model(done) %}
    {%- for name, row in run_cache('at the end').pop(model.name, []) -%}
        {%- do model_states().update({name: dict(zip(state_tables().models.keys(), run_query(row).rows[0]))}) -%}
        {%- do run_cache('moves').update({name: model_states()[name].batch_id}) -%}
    {%- endfor -%}
    {%- if is_made_anew() -%}
        {%- do run_and_commit(move_watermarks()) -%}
        {%- do run_cache('moves').clear() -%}
    {%- endif -%}
{% endmacro %}

{% macro spark__move_watermarks() %}
    {%- set columns, types, rows = state_tables().models.keys() | join(', '), [], [] -%}
    {%- for column, type in state_tables().models.items() -%}
        {%- do types.append('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ column) -%}
    {%- endfor -%}
    {%- for name in run_cache('moves') -%}
        {%- set values = [] -%}
        {%- for column in state_tables().models -%}
            {%- set value = model_states()[name][column] -%}
            {%- do values.append('null' if value is none else quoted(value | string)) -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {{ put_row(state_table('models'), ['model'], state_tables().models.keys(),
        'select ' ~ types | join(', ') ~ ' from values ' ~ rows | join(', ') ~ ' as moved (' ~ columns ~ ')') }}
{% endmacro %}

{% macro spark__is_not_logged(table, batch_id) -%}
    not exists (select 1 from {{ table }} where batch_id = {{ batch_id }})
{%- endmacro %}

{% macro spark__put_all_rows(table, columns, query) -%}
    insert overwrite {{ table }} ({{ columns | join(', ') }}) {{ query }};
{%- endmacro %}

{% macro spark__set_aside(name, query) -%}
    create or replace temporary view {{ name }} as {{ query }};
{%- endmacro %}

{% macro spark__drop_aside(name) -%}
    drop view {{ name }};
{%- endmacro %}

{#- The runner's lease tells; dbt alone has none. -#}
{% macro spark__is_refreshing() -%}
    {%- if is_table(project_schema('refresh'), 'lease') -%}
    (select count(*) from {{ state_table('lease') }} where until > current_timestamp()) > 0
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{#- One statement, so that the row is always there. -#}
{% macro spark__put_row(table, keys, columns, query) -%}
    merge into {{ table }} as stored using ({{ query }}) as made on {% for key in keys %}made.{{ key }} = stored.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    when matched then update set {% for column in columns %}stored.{{ column }} = made.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    when not matched then insert ({{ columns | join(', ') }}) values (made.{{ columns | join(', made.') }});
{%- endmacro %}

{% macro spark__each_as_row(pairs, name, columns) -%}
    lateral view stack({{ pairs | length }}{% for first, second in pairs.items() %}, {{ first }}, {{ second }}{% endfor %}) {{ name }} as {{ columns }}
{%- endmacro %}

{#- Spark has no recursive query: one statement after another passes labels on, over all links. Users whose group stays get theirs, too. -#}
{% macro spark__connected_users(links, all_links) -%}
    {%- set edges = api.Relation.create(schema=project_schema('this_batch'), identifier='edges_of_users') -%}
    {%- set labels = edges.incorporate(path={'identifier': 'labels_of_users'}) -%}
    {%- set is_made, steps = execute and flags.WHICH in ['run', 'build'], namespace(are_left=true) -%}
    {%- if is_made and not run_query('select 1 from (' ~ all_links ~ ') as links limit 1').rows | length -%}
        select user_id, md5(user_id) as label from {{ links }}
    {%- else -%}
        {%- if is_made -%}
            {%- set both_ways = 'with both as (' ~ all_links ~ ') select user_id, linked_user_id from both union select linked_user_id, user_id from both' -%}
            {%- do run_query(table_of(edges, both_ways)) -%}
            {%- do run_query(table_of(labels, 'select distinct user_id, md5(user_id) as label from ' ~ edges)) -%}
            {%- for _ in range(10000) if steps.are_left -%}
                {%- set handed_on -%}
                    select edges.linked_user_id as user_id, min(labels.label) as label
                    from {{ labels }} as labels inner join {{ edges }} as edges on labels.user_id = edges.user_id
                    group by edges.linked_user_id
                {%- endset -%}
                {%- set fewer = 'select handed_on.* from (' ~ handed_on ~ ') as handed_on inner join ' ~ labels ~ ' as stored on handed_on.user_id = stored.user_id and handed_on.label < stored.label' -%}
                {%- set steps.are_left = run_query(fewer ~ ' limit 1').rows | length > 0 -%}
                {%- if steps.are_left -%}
                    {%- do run_query('merge into ' ~ labels ~ ' as stored using (' ~ fewer ~ ') as made on made.user_id = stored.user_id when matched then update set label = made.label') -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
        select user_id, label from {{ labels }}
    {%- endif -%}
{%- endmacro %}
