{#-
    Stored tables that are not as the last refresh left them, because somebody dropped them or some of their columns. The next
    refresh rebuilds what can be derived from the stored tables; for the rest it refuses, in a sentence that names the command to
    repair it. refresh.models says which columns each table had.
-#}

{#- Names of the models that have to be built from scratch; stops if only a full refresh can repair what is stored. -#}
{% macro damaged_tables() %}
    {%- set damaged = [] -%}
    {%- set is_whole_refresh = flags.FULL_REFRESH and 'app_tracks' in selected_models() -%}
    {%- set problems = stored_table_problems(damaged) -%}
    {%- do stop_if_any(problems if not is_whole_refresh else []) -%}
    {{ return(damaged) }}
{% endmacro %}

{#- One sentence on everything that is missing and cannot be rebuilt from what is stored; none if nothing is. damaged: gets the names of what can. -#}
{% macro stored_table_problems(damaged=[]) %}
    {%- if are_of_another_version() -%}
        {{ return(['The stored tables were built by another version of the project: rebuild all tables with --full-refresh without a selection.']) }}
    {%- endif -%}
    {%- set found, state, problems = relations_before(), state_before(), [] -%}
    {%- if relation_of('app_tracks') and 'app_tracks' not in state.models -%}
        {%- do problems.append(state_key('models') ~ ' no longer says what the tables hold') -%}
    {%- elif 'app_tracks' in state.models and not state.settings -%}
        {%- do problems.append(state_key('settings') ~ ' no longer says which settings the tables were built with') -%}
    {%- elif state.is_detached and not state.archived -%}
        {%- do problems.append(state_key('archived_messages') ~ ' no longer says what the detached months held') -%}
    {%- endif -%}
    {%- set applied = [] -%}
    {%- for name, kept in state.models.items() if our_models().get(name, {}).is_batched and our_models()[name].node.schema != project_schema('reporting') -%}
        {%- do applied.append(kept.batch_id) -%}
    {%- endfor -%}
    {%- do state.update({'applied_by_all': applied | min if applied else 0}) -%}
    {%- for name, kept in state.models.items() -%}
        {%- set known = our_models().get(name, {}) -%}
        {%- set node = known.node -%}
        {%- if known.is_batched -%}
            {%- set table, damage = relation_key(node.schema, node.alias), damage_of(relation_of(name), kept.columns) -%}
            {#- it has rows of a batch that some models have not applied -#}
            {%- set is_lost = kept.made_batch_id and kept.made_batch_id > state.applied_by_all and not found.get(relation_key(project_schema('this_batch'), node.alias)) -%}
            {%- if damage and (name == 'app_tracks' or state.archived and 'reporting' not in node.fqn) -%}
                {%- do problems.append(table ~ damage ~ ('' if name == 'app_tracks' else ' (and months were detached)')) -%}
            {%- elif (damage or is_lost) and node.config.incremental_strategy == 'this_batch' and not known.holds_all -%}
                {%- do damaged.extend([name] + known.children) -%}
            {%- elif damage or is_lost -%}
                {%- do damaged.append(name) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for month in state.months if found.get(month, {}).parent is none or month not in found -%}
        {%- do problems.append(month ~ ' is no longer a partition') -%}
    {%- endfor -%}
    {{ return([problems | sort | join(', ') ~ ': rebuild all tables from the sources with --full-refresh.'] if problems else []) }}
{% endmacro %}

{#- What is wrong with a relation that had these columns; empty if nothing is. -#}
{% macro damage_of(relation, columns) %}
    {%- if not relation -%}
        {{ return(' is gone') }}
    {%- endif -%}
    {%- set lost = columns | map('lower') | reject('in', relation.columns | map('lower') | list) | list -%}
    {{ return(' has lost ' ~ lost | join(', ') if lost else '') }}
{% endmacro %}

{#- The relation of a model, as it was before this command; none when there was none. -#}
{% macro relation_of(name) %}
    {%- set node = our_models()[name].node -%}
    {{ return(relations_before().get(relation_key(node.schema, node.alias))) }}
{% endmacro %}

{#-
    What the bookkeeping says before this command, by one query: models (name -> columns, batch_id, made_batch_id), whether there are settings and
    archived messages, whether months were detached, and the partitions (schema.name) of months that have messages.
-#}
{% macro state_before() %}
    {%- set state = {'models': {}, 'settings': false, 'archived': false, 'is_detached': false, 'months': []} -%}
    {%- if is_whole('models') -%}
        {%- set query, months = [], our_models().partitions.node -%}
        {%- do query.append("select 'models' as kind, model as name, column_names, batch_id, made_batch_id from " ~ state_table('models')) -%}
        {%- for kind, name in [('settings', 'settings'), ('archived', 'archived_messages')] if is_whole(name) -%}
            {%- do query.append("select '" ~ kind ~ "', '', '', 0, 0 where exists (select 1 from " ~ state_table(name) ~ ')') -%}
        {%- endfor -%}
        {%- if not damage_of(relation_of('partitions'), ['table_name', 'row_count', 'detached_row_count']) -%}
            {%- set from = ' from ' ~ adapter.quote(months.schema) ~ '.' ~ adapter.quote(months.alias) -%}
            {%- do query.append("select distinct 'is_detached', '', '', 0, 0" ~ from ~ ' where detached_row_count > 0') -%}
            {%- if has_partitions() -%}
                {%- do query.append("select distinct 'months', " ~ quoted(relation_key(months.schema, '')) ~ " || table_name, '', 0, 0" ~ from ~ ' where row_count > 0') -%}
            {%- endif -%}
        {%- endif -%}
        {%- for kind, name, columns, batch_id, made_batch_id in run_query(query | join(' union all ')).rows -%}
            {%- if kind == 'models' -%}
                {%- do state.models.update({name: {'columns': (columns or '').split('\n') if columns else [], 'batch_id': batch_id, 'made_batch_id': made_batch_id}}) -%}
            {%- elif kind == 'months' -%}
                {%- do state.months.append(name) -%}
            {%- else -%}
                {%- do state.update({kind: true}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(state) }}
{% endmacro %}

{#- Whether a bookkeeping table is there with all columns that it has had from the start. -#}
{% macro is_whole(name) %}
    {%- set relation, columns = relations_before().get(state_key(name)), state_tables()[name].keys() | reject('in', later_columns()) | list -%}
    {{ return(relation is not none and not damage_of(relation, columns)) }}
{% endmacro %}

{#- Whether an existing view or seed lacks columns that the project describes. -#}
{% macro lacks_columns(node) %}
    {{ return(damage_of(relations_before().get(relation_key(node.schema, node.alias), {'columns': node.columns.keys() | list}), node.columns.keys() | list) != '') }}
{% endmacro %}
