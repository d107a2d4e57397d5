{#-
    Tables that are to be built from scratch are marked so (is_rebuild_due in refresh.models) before the first model runs, and lose the
    mark in the transaction that builds them: a full refresh that dies is finished by the next refresh, with the flag or without.
-#}

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
    {%- set names = [] -%}
    {%- for name in selected_models() if stored_node(name).config.full_refresh is not false -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{#- Names of the models that are marked. -#}
{% macro due_rebuilds() %}
    {%- set names = [] -%}
    {%- for row in state_rows('models', 'select model from ' ~ state_table('models') ~ ' where is_rebuild_due') -%}
        {%- do names.append(row[0]) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{#- Names of the models whose own settings (`settings` in their meta) have other values than when they were built from scratch. -#}
{% macro models_with_other_settings() %}
    {%- set names = [] -%}
    {%- for row in settings_of_tables() if '.' in row[0] and not row[0].startswith('seeds/') -%}
        {%- set name, setting = row[0].split('.') -%}
        {%- set node = graph.nodes.get('model.signup_attribution.' ~ name) -%}
        {%- if node and setting in (node.config.meta or {}).get('settings', []) and row[1] != written_setting(setting) -%}
            {%- do names.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names | unique | list) }}
{% endmacro %}

{#- Value of a setting as stored: equal numbers are written the same way. -#}
{% macro written_setting(name) -%}
    {{ return(tojson(var(name) | float if var(name) is number else var(name))) }}
{%- endmacro %}

{#- SQL that saves the settings that a model was built from scratch with. -#}
{% macro record_model_settings() %}
    {%- if execute and not is_incremental() -%}
        delete from {{ state_table('settings') }} where name like '{{ model.name }}.%';
        {%- for name in config.get('meta').settings %}
        insert into {{ state_table('settings') }} values ('{{ model.name }}.{{ name }}', {{ quoted(written_setting(name)) }});
        {%- endfor %}
    {%- endif -%}
{% endmacro %}
