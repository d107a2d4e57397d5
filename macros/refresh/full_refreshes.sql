{#-
    A full refresh that dies is finished as one. The models that it is to build from scratch are marked when it opens its batch:
    their rebuilt_batch_id is below 0 until they are, and the next refresh that comes to them builds them from scratch, with the
    flag or without.
-#}

{#- SQL that marks the models of this full refresh. -#}
{% macro mark_full_refresh() %}
    {%- if flags.FULL_REFRESH %}
    update {{ state_table('models') }} set rebuilt_batch_id = -1 - rebuilt_batch_id
    where rebuilt_batch_id >= 0 and {{ is_one_of('model', fully_refreshed_models()) }};
    {%- endif -%}
{% endmacro %}

{#- SQL that takes the marks back when all that the full refresh did was to refuse. -#}
{% macro unmark_refused_full_refresh() %}
    {%- set refused = [] -%}
    {%- for result in results if '> in macro stop ' in (result.message or '') | string -%}
        {%- do refused.append(result.node.name) -%}
    {%- endfor -%}
    {%- if refused %}
    update {{ state_table('models') }} set rebuilt_batch_id = -1 - rebuilt_batch_id
    where
        rebuilt_batch_id < 0 and {{ is_one_of('model', fully_refreshed_models()) }}
        and not exists (select 1 from {{ state_table('models') }} where rebuilt_batch_id = {{ current_batch_id() }});
    {%- else %}
    select 1
    {%- endif -%}
{% endmacro %}

{#- Names of this run's models that a full refresh builds from scratch. -#}
{% macro fully_refreshed_models() %}
    {%- set names = [] -%}
    {%- for id in selected_resources if id.startswith('model.signup_attribution.') and graph.nodes[id].config.full_refresh is not false -%}
        {%- do names.append(id.split('.')[-1]) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{#- Names of the models that a full refresh which died has left to do. -#}
{% macro left_by_full_refresh() %}
    {%- set names = [] -%}
    {%- for row in state_rows('models', 'select model from ' ~ state_table('models') ~ ' where rebuilt_batch_id < 0') -%}
        {%- do names.append(row[0]) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
