{#- The ways a stored table changes. Each is one transaction with the model's watermark. -#}

{#- append_rows: the new rows are added; the stored ones stay. -#}
{% macro get_incremental_append_rows_sql(arg_dict) %}
    {%- set columns = quoted_names(arg_dict['dest_columns']) -%}
    {{ count_before(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    {{ prepare_target(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    {{ insert_rows(arg_dict['target_relation'], arg_dict['temp_relation'], columns) }}
    {{ record_batch(arg_dict['temp_relation'], arg_dict['dest_columns']) }}
{% endmacro %}

{#- only_new_rows: the new rows are all that the table holds, for the models that read them in the same refresh. -#}
{% macro get_incremental_only_new_rows_sql(arg_dict) %}
    {%- set columns = quoted_names(arg_dict['dest_columns']) -%}
    {{ count_before(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    delete from {{ arg_dict['target_relation'] }};
    {{ insert_rows(arg_dict['target_relation'], arg_dict['temp_relation'], columns) }}
    {{ record_batch(arg_dict['temp_relation'], arg_dict['dest_columns'], applied_batch_id()) }}
{% endmacro %}

{#- replace_keys: stored rows make way for the new rows, see replace_rows. -#}
{% macro get_incremental_replace_keys_sql(arg_dict) %}
    {{ replace_and_record(arg_dict, applied_batch_id()) }}
{% endmacro %}

{#- replace_all: all stored rows make way, for a small table made anew by each refresh; those that come again are not written. -#}
{% macro get_incremental_replace_all_sql(arg_dict) %}
    {{ replace_and_record(arg_dict, 0) }}
{% endmacro %}

{#- Both as a whole. after: the newest batch applied, 0 when all stored rows make way. -#}
{% macro replace_and_record(arg_dict, after) %}
    {%- set target_relation, temp_relation, keys = arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['unique_key'] -%}
    {%- do check_contract(model, arg_dict['dest_columns']) -%}
    {{ count_before(target_relation, temp_relation) }}
    {{ analyze_columns(temp_relation, [keys] if keys is string else keys) }}
    {{ replace_rows(target_relation, temp_relation, keys, arg_dict['dest_columns'], config.get('meta'), after) }}
    {{ record_batch(temp_relation, arg_dict['dest_columns'], is_whole=after == 0) }}
{% endmacro %}

{#-
    SQL by which stored rows make way for new ones. A row that stays as it is is not written again, so that a table
    grows and is rewritten by what changed, not by whom it is about; such rows are found once and then known by key, as to look up
    each of them in the table costs PostgreSQL all rows of its person each time. Afterwards new_rows holds what was written.
    unique_key: the columns that tell rows apart. after: the newest batch applied, 0 when all stored rows make way. Else meta says
    which do:
    affected_by: affected_aliases; the rows of these persons make way, whether there are new ones or not.
    replaced_by: otherwise the columns (by default unique_key) that a row shares with a new row.
    since: a time of the row. With it only the rows from remade_since, or from the first new row on make way.
    since_is_optional: with affected_by, that rows without that time make way, too.
    until: a later time of the row, where rows of the same keys last without overlapping: as those from the first new row on are
    those that do not end before it, they are found by this time, which has an index.
-#}
{% macro replace_rows(target_relation, new_rows, unique_key, stored_columns, meta, after) %}
    {%- set meta = meta or {} -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = quoted_names(stored_columns) -%}
    {%- set facts = stored_columns | rejectattr('name', 'in', keys + ['batch_id']) | list -%}
    {#- DuckDB takes a minute to compare lists: rows with a list are always written again. -#}
    {%- set lists = [] -%}
    {%- for column in facts if '[]' in column.dtype -%}
        {%- do lists.append(column) -%}
    {%- endfor -%}
    {%- if after == 0 -%}
        {%- set causes, makes_way, found = [], 'true', '' -%}
    {%- elif meta.affected_by -%}
        {%- set causes, time, found = [unapplied_aliases()], target_relation ~ '.' ~ meta.since, '' -%}
        {%- set makes_way -%}
        affected_aliases.alias_id = {{ target_relation }}.alias_id
        {%- if meta.since_is_optional %}
        and ({{ time }} is null or {{ time }} >= affected_aliases.remade_since)
        {%- elif meta.since %}
        and {{ time }} >= affected_aliases.remade_since
        {%- endif %}
        {%- endset -%}
        {%- if meta.since and not meta.since_is_optional -%}
            {%- set concerned = target_relation ~ ' as stored ' ~ join_made_again('stored', meta.since) -%}
            {%- set found = and_found_in(time, concerned, 'stored.' ~ meta.since) -%}
        {%- endif -%}
    {%- else -%}
        {%- set shared = meta.get('replaced_by', keys) -%}
        {%- set replaced -%}
    (
        select {{ shared | join(', ') }}{{ ', min(' ~ meta.since ~ ') as first_new' if meta.since }} from {{ new_rows }}
        group by {{ shared | join(', ') }}
    ) as replaced
        {%- endset -%}
        {%- set causes = [replaced] -%}
        {%- set makes_way -%}
        {{ same_values(shared, 'replaced', target_relation) }}
        {{- ' and replaced.first_new <= ' ~ target_relation ~ '.' ~ meta.get('until', meta.since) if meta.since }}
        {%- endset -%}
        {%- set found = and_found_in(target_relation ~ '.' ~ shared[0], new_rows, shared[0]) -%}
    {%- endif -%}
    {%- if not lists %}
    create temporary table unchanged_rows as
    select {{ target_relation }}.{{ keys | join(', ' ~ target_relation ~ '.') }}
    from {{ ([target_relation] + causes) | join(', ') }}
    where
        {{ makes_way }} {{ found }}
        and exists (
            select 1 from {{ new_rows }} as new_rows
            where
                {{ same_values(keys, 'new_rows', target_relation) }}
                {%- for column in facts %}
                and new_rows.{{ column.quoted }} is not distinct from {{ target_relation }}.{{ column.quoted }}
                {%- endfor %}
        );
    {%- endif %}
    delete from {{ target_relation }}
    {{ 'using ' ~ (causes | join) if causes }}
    where
        {{ makes_way }}
        {%- if not lists %}
        and not exists (select 1 from unchanged_rows where {{ same_values(keys, 'unchanged_rows', target_relation) }});
    delete from {{ new_rows }} as new_rows
    using unchanged_rows
    where {{ same_values(keys, 'unchanged_rows', 'new_rows') }};
    drop table unchanged_rows
        {%- endif %};
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ new_rows }};
{% endmacro %}

{#- Condition that rows of two relations agree in the columns, which are never null. -#}
{% macro same_values(columns, relation, other_relation) -%}
    {%- for column in columns -%}
        {{ relation }}.{{ column }} = {{ other_relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
    After `from <rows>`, a model: in an incremental run only the rows of persons that are made again, by this time of the row from
    remade_since on; without a time all of their rows. In a build from scratch those of the persons of the part that is made now.
-#}
{% macro made_again(rows, time=none) -%}
    {%- set affected_aliases = ref('affected_aliases') -%}
    {%- if is_incremental() -%}
    {{ join_made_again(rows, time) }}
    {{ where_time_found(ref(rows), rows, time, join_made_again(rows, time)) if time }}
    {%- elif part_count(ref(rows)) > 1 -%}
    where {{ of_this_part(ref(rows), rows ~ '.alias_id') }}
    {%- endif -%}
{%- endmacro %}

{#- The join of that, by any name of the rows. -#}
{% macro join_made_again(rows, time) -%}
    inner join {{ unapplied_aliases() }}
        on {{ rows }}.alias_id = affected_aliases.alias_id
        {{ 'and ' ~ rows ~ '.' ~ time ~ ' >= affected_aliases.remade_since' if time }}
{%- endmacro %}

{#- After `from <rows>`, in an incremental run: the earlier rows of these persons, which stay as they are. -#}
{% macro left_as_it_is(rows, time) -%}
    inner join {{ unapplied_aliases() }}
        on {{ rows }}.alias_id = affected_aliases.alias_id
        and {{ rows }}.{{ time }} < affected_aliases.remade_since
{%- endmacro %}

{#-
    Query: of each of these persons the last values that stay as they are, in a stored relation, of columns that never get
    smaller with the time.
-#}
{% macro last_left_as_it_is(relation, time, columns) -%}
    {{ adapter.dispatch('last_left_as_it_is', 'signup_attribution')(relation, time, columns) }}
{%- endmacro %}

{% macro default__last_left_as_it_is(relation, time, columns) -%}
    select
        stored.alias_id
        {%- for column in columns %},
        max(stored.{{ column }}) as {{ column }}
        {%- endfor %}
    from {{ relation }} as stored
    {{ left_as_it_is('stored', time) }}
    group by stored.alias_id
{%- endmacro %}

{#- The end of each person's rows in an index, instead of all that they ever did. -#}
{% macro postgres__last_left_as_it_is(relation, time, columns) -%}
    select affected_aliases.alias_id, last_row.{{ columns | join(', last_row.') }}
    from {{ unapplied_aliases() }}
    cross join lateral (
        select {{ columns | join(', ') }} from {{ relation }} as stored
        where stored.alias_id = affected_aliases.alias_id and stored.{{ time }} < affected_aliases.remade_since
        order by stored.{{ time }} desc, stored.{{ columns[0] }} desc
        limit 1
    ) as last_row
{%- endmacro %}

{#- The persons this model has not made again yet, one row each. -#}
{% macro unapplied_aliases() -%}
    (
        select alias_id, min(remade_since) as remade_since from {{ ref('affected_aliases') }}
        where batch_id > {{ applied_batch_id() }}
        group by alias_id
    ) as affected_aliases
{%- endmacro %}

{#-
    True when affected_aliases cannot know whose rows its readers still have to change: its own rows are gone, or the stored
    session_members, which tells whose a visit was before, was built anew after it.
-#}
{% macro has_lost_track() %}
    {%- set members = model_states().get('session_members') -%}
    {{ return(not is_incremental() or (members and (members.rebuilt_batch_id < 0 or members.rebuilt_batch_id > applied_batch_id('affected_aliases')))) }}
{% endmacro %}

{#-
    True when nobody was affected since this model was made of all rows of another one (person_paths) that changes with them: it
    would come out as it is stored.
-#}
{% macro is_unaffected(name) %}
    {%- set states, applied = model_states(), applied_batch_id() -%}
    {%- if not is_incremental() or definitions().get('text of ' ~ model.name) != text_of(model) or states[name].rebuilt_batch_id > applied or states['affected_aliases'].reads_after > applied -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set affected = 'select 1 from ' ~ stored_relation('affected_aliases') ~ ' where batch_id > ' ~ applied ~ ' limit 1' -%}
    {{ return(run_query(affected).rows | length == 0) }}
{% endmacro %}

{#-
    The models that are made again for affected persons, each by its own watermark. Those of the folder reporting count once
    they are stored: who leaves them out need not keep for them whose rows changed.
-#}
{% macro alias_readers() %}
    {%- set readers = ['session_members', 'touches', 'all_sessions', 'attribution', 'useful_sessions'] -%}
    {%- for name in ['person_paths', 'path_credits'] if execute and stored_batch_id(name) is not none -%}
        {%- do readers.append(name) -%}
    {%- endfor -%}
    {{ return(readers) }}
{% endmacro %}
