{#-
    Tables that are to be built from scratch are marked so (is_rebuild_due in refresh.models) before the first model runs, and lose the
    mark in the transaction that builds them: a full refresh that dies is finished by the next refresh, with the flag or without.
-#}

{#- Whether the model is built from scratch when it runs next. Then everything derived from it is, too. -#}
{% macro is_rebuilt(name) %}
    {{ return(name in rebuilt_tables().names) }}
{% endmacro %}

{#- Names of all such tables, decided once: before the first model of a run, when its batch is open. -#}
{% macro rebuilt_tables() %}
    {%- set decided = run_cache('rebuilt tables') -%}
    {%- if not decided -%}
        {%- set tables, states, selected, reach, names, found = our_tables(), model_states(), selected_models(), {}, [], [true] -%}
        {%- for table in tables -%}
            {%- set batches = [current_batch_id()] -%}
            {%- for parent in table.parents -%}
                {%- do batches.append(reach[parent] if parent in selected else states.get(parent, {}).get('batch_id', 0)) -%}
            {%- endfor -%}
            {%- do reach.update({table.node.name: batches | min}) -%}
        {%- endfor -%}
        {%- for _ in tables if found -%} {#- as long as the round before found one -#}
            {%- do found.clear() -%}
            {%- for table in tables if table.node.name not in names and has_to_be_rebuilt(table, names, reach[table.node.name]) -%}
                {%- do names.append(table.node.name) -%}
                {%- do found.append(true) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do decided.update({'names': names}) -%}
    {%- endif -%}
    {{ return(decided) }}
{% endmacro %}

{#-
    Whether a table is gone or marked, or its bookkeeping is gone, or one of those it depends on is rebuilt. reach: the batch that it can
    apply in this run.
-#}
{% macro has_to_be_rebuilt(table, rebuilt, reach) %}
    {%- set node, states, selected = table.node, model_states(), selected_models() -%}
    {%- set state, is_missing = states.get(node.name, {}), stored_relation(node.name) is none -%}
    {%- if node.config.full_refresh is false or is_missing or not state or state.is_rebuild_due -%}
        {{ return(is_missing or node.config.full_refresh is not false) }} {#- false: it always updates its table -#}
    {%- elif table.holds_all -%}
        {{ return(table.children | select('in', rebuilt) | select('in', selected) | list | length > 0) }}
    {%- endif -%}
    {%- for parent in table.kept_parents -%}
        {%- if states.get(parent, {}).get('rebuilt_at', state.rebuilt_at) > state.rebuilt_at or (parent in rebuilt and parent in selected) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {#- or runs left it out in a batch whose rows are gone -#}
    {{ return(table.reads_this_batch and state.batch_id < reach - 1) }}
{% endmacro %}

{#- SQL that marks models: those of a full refresh, and others by name. Published tables are built together. -#}
{% macro mark_rebuilds(names) %}
    {%- set published = published_tables() -%}
    {%- set marked = names + (fully_refreshed_models() if flags.FULL_REFRESH else []) -%}
    {%- if published | select('in', marked) | list -%}
        {%- set marked = marked + published -%}
    {%- endif %}
    update {{ state_table('models') }} set is_rebuild_due = true
    where {{ is_one_of('model', marked) }};
{% endmacro %}

{#- SQL that removes the marks if the full refresh did nothing but refuse. -#}
{% macro unmark_refused_full_refresh() %}
    {%- set refused = [] -%}
    {%- for result in results if '> in macro stop ' in (result.message or '') | string -%}
        {%- do refused.append(result.node.name) -%}
    {%- endfor -%}
    {%- if refused %}
    update {{ state_table('models') }} set is_rebuild_due = false
    where
        is_rebuild_due and {{ is_one_of('model', fully_refreshed_models() + published_tables()) }}
        and not exists (
            select 1 from {{ state_table('models') }}
            where
                not is_rebuild_due and {{ is_one_of('model', fully_refreshed_models()) }}
                and rebuilt_at >= cast('{{ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp)
        );
    {%- else %}
    select 1
    {%- endif -%}
{% endmacro %}

{#- Names of this run's models that a full refresh builds from scratch. -#}
{% macro fully_refreshed_models() %}
    {%- set nodes = our_models().values() | map(attribute='node') | selectattr('name', 'in', selected_models()) -%}
    {{ return(nodes | rejectattr('config.full_refresh', 'sameas', false) | map(attribute='name') | list) }}
{% endmacro %}

{#- Names of the models whose own settings (`settings` in their meta) have other values than when they were built from scratch. -#}
{% macro models_with_other_settings() %}
    {%- set names = [] -%}
    {%- for node in our_tables() | map(attribute='node') if own_settings(node) and own_settings(node) != definitions().get('settings of ' ~ node.name) -%}
        {%- do names.append(node.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{#- The values of a model's own settings as one text, in which equal numbers are written the same way; none without any. -#}
{% macro own_settings(node) %}
    {%- set values = {} -%}
    {%- for name in (node.config.meta or {}).get('settings', []) -%}
        {%- do values.update({name: var(name) | float if var(name) is number else var(name)}) -%}
    {%- endfor -%}
    {{ return(tojson(values) if values else none) }}
{% endmacro %}
