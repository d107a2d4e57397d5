{#-
    Stored tables that are not as the last refresh left them, because somebody dropped them or columns of theirs. What can be made
    again from what is stored is made again by the next refresh, as if there were none; for the rest the refresh is refused by a
    sentence that says which command mends it. refresh.models says which columns a table was left with.
-#}

{#- Stops where only a full refresh can mend what is stored; else remembers what this refresh has to make again. -#}
{% macro check_stored_tables() %}
    {%- for problem in stored_table_problems() if not is_fully_refreshed('app_tracks') -%}
        {%- do stop(problem) -%}
    {%- endfor -%}
{% endmacro %}

{#- One sentence on all that is missing and cannot be made again from what is stored; none when nothing is. -#}
{% macro stored_table_problems() %}
    {%- set found, state, problems = relations_before(), state_before(), [] -%}
    {%- if relation_of('app_tracks') and 'app_tracks' not in state.models -%}
        {%- do problems.append(state_key('models') ~ ' does not say any more what the tables hold') -%}
    {%- elif 'app_tracks' in state.models and not state.settings -%}
        {%- do problems.append(state_key('settings') ~ ' does not say any more with which settings the tables were made') -%}
    {%- elif state.is_detached and not state.archived -%}
        {%- do problems.append(state_key('archived_messages') ~ ' does not say any more what the detached months held') -%}
    {%- endif -%}
    {%- for name, kept in state.models.items() -%}
        {%- set node = graph.nodes.get('model.signup_attribution.' ~ name) -%}
        {%- if node and node.config.materialized in ['incremental', 'published'] and name not in published_tables().values() -%}
            {%- set table, damage = relation_key(node.schema, node.alias), damage_of(relation_of(name), kept.columns) -%}
            {%- if damage and (name == 'app_tracks' or state.archived and 'reporting' not in node.fqn) -%}
                {%- do problems.append(table ~ damage ~ ('' if name == 'app_tracks' else ' (and months were detached)')) -%}
            {%- elif damage -%}
                {%- do remembered('damaged').update({name: kept.refreshed_at}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for month in state.months if found.get(month, {}).parent is none or month not in found -%}
        {%- do problems.append(month ~ ' is no partition any more') -%}
    {%- endfor -%}
    {{ return([problems | sort | join(', ') ~ ': rebuild all tables from the sources with --full-refresh.'] if problems else []) }}
{% endmacro %}

{#- What is wrong with a relation that had these columns, or nothing. -#}
{% macro damage_of(relation, columns) %}
    {%- if not relation -%}
        {{ return(' is gone') }}
    {%- endif -%}
    {%- set lost = columns | map('lower') | reject('in', relation.columns | map('lower') | list) | list -%}
    {{ return(' has lost ' ~ lost | join(', ') if lost else '') }}
{% endmacro %}

{#- The relation of a model, as it was before this command; none when there was none. -#}
{% macro relation_of(name) %}
    {%- set node = graph.nodes['model.signup_attribution.' ~ name] -%}
    {{ return(relations_before().get(relation_key(node.schema, node.alias))) }}
{% endmacro %}

{#-
    What the bookkeeping says before this command, by one query: models (name -> columns, refreshed_at), whether there are settings and
    archived messages, whether months were detached, and the partitions (schema.name) of months that have messages.
-#}
{% macro state_before() %}
    {%- set state = {'models': {}, 'settings': false, 'archived': false, 'is_detached': false, 'months': []} -%}
    {%- if is_whole('models') -%}
        {%- set query, months = [], graph.nodes['model.signup_attribution.partitions'] -%}
        {%- set columns = 'column_names' if 'column_names' in relations_before()[state_key('models')].columns else 'null' -%}
        {%- do query.append("select 'models' as kind, model as name, " ~ columns ~ ' as column_names, refreshed_at from ' ~ state_table('models')) -%}
        {%- for kind, name in [('settings', 'settings'), ('archived', 'archived_messages')] if is_whole(name) -%}
            {%- do query.append("select '" ~ kind ~ "', '', '', null where exists (select 1 from " ~ state_table(name) ~ ')') -%}
        {%- endfor -%}
        {%- if not damage_of(relation_of('partitions'), ['table_name', 'row_count', 'detached_row_count']) -%}
            {%- set from = ' from ' ~ adapter.quote(months.schema) ~ '.' ~ adapter.quote(months.alias) -%}
            {%- do query.append("select distinct 'is_detached', '', '', cast(null as timestamp)" ~ from ~ ' where detached_row_count > 0') -%}
            {%- if has_partitions() -%}
                {%- do query.append("select distinct 'months', " ~ quoted(relation_key(months.schema, '')) ~ " || table_name, '', cast(null as timestamp)" ~ from ~ ' where row_count > 0') -%}
            {%- endif -%}
        {%- endif -%}
        {%- for kind, name, columns, refreshed_at in run_query(query | join(' union all ')).rows -%}
            {%- if kind == 'models' -%}
                {%- do state.models.update({name: {'columns': (columns or '').split('\n') if columns else [], 'refreshed_at': refreshed_at}}) -%}
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

{#- Whether a stored table is to be made again. states: of the models as this model saw them first, since it may have been made again meanwhile. -#}
{% macro is_damaged(name, states) %}
    {{ return(name in states and remembered('damaged').get(name, '') == states[name].refreshed_at) }}
{% endmacro %}

{#- Whether a view or seed that is there has not all columns which the project describes. -#}
{% macro lacks_columns(node) %}
    {{ return(damage_of(relations_before().get(relation_key(node.schema, node.alias), {'columns': node.columns.keys() | list}), node.columns.keys() | list) != '') }}
{% endmacro %}
