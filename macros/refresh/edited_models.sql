{#-
    Stored rows do not change when the SQL of their model is edited. refresh.definitions keeps the text that each stored model was last
    fully built from, as `text of <model>`, so that a refresh can say which rows are older than the project's text.
-#}

{#- Hash of the text of a model: its own, that of models without a table which it reads, and for messages the columns passed through. -#}
{% macro text_of(node) %}
    {%- set texts = [node.raw_code, pass_through_columns() if node.name == 'app_tracks' else none] -%}
    {%- for id in node.depends_on.nodes if id.startswith('model.') -%}
        {%- set parent = our_models()[id.split('.')[-1]].node -%}
        {%- do texts.append(text_of(parent)) if parent.config.materialized == 'ephemeral' -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(texts))) }}
{% endmacro %}

{#- Says which of the models just run have rows older than their text, and what recomputes those. -#}
{% macro say_edited_models() %}
    {%- set texts, names, selection = {}, [], [] -%}
    {%- for row in state_rows('definitions', 'select name, definition from ' ~ state_table('definitions') ~ " where name like 'text of %'") -%}
        {%- do texts.update({row[0].removeprefix('text of '): row[1]}) -%}
    {%- endfor -%}
    {%- for name in selected_models() | sort if name in texts -%}
        {%- set known = our_models()[name] -%}
        {%- set node = known.node -%}
        {%- if known.is_batched and node.config.incremental_strategy != 'this_batch' and node.config.full_refresh is not false and texts[node.name] != text_of(node) -%}
            {%- do names.append(node.name) -%}
            {#- a table that holds only new rows has to be built for all rows first -#}
            {%- set first = [] -%}
            {%- for parent in known.parents if our_models()[parent].holds_all -%}
                {%- do first.append(parent) -%}
            {%- endfor -%}
            {%- set first = (first or [node.name]) | first -%}
            {%- if first ~ '+' not in selection -%}
                {%- do selection.append(first ~ '+') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if names -%}
        {%- do say(names | join(', ') ~ (' was' if names | length == 1 else ' were') ~ ' edited: stored rows are unchanged; --full-refresh'
            ~ ('' if 'batch_messages+' in selection else ' --select ' ~ selection | join(' ')) ~ ' recomputes them.') -%}
    {%- endif -%}
{% endmacro %}
