{#- Comments on tables and columns in the database, with our mark. -#}

{#- Hash of what the project says about a model and its columns. -#}
{% macro documentation(node) -%}
    {%- set texts = [marked(node.description)] -%}
    {%- for name, column in node.columns.items() -%}
        {%- do texts.append(name ~ ': ' ~ column.description) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(texts))) }}
{%- endmacro %}

{#- SQL for the comments on a relation and on its columns. -#}
{% macro comments_on(relation, node) %}
    {{ adapter.dispatch('comments_on', 'signup_attribution')(relation, node) }}
{% endmacro %}

{% macro default__comments_on(relation, node) %}
    {%- set stored = columns_of(relation) | map(attribute='name') | list %}
    comment on {{ relation.type }} {{ relation }} is {{ quoted(marked(node.description)) }};
    {%- for name, column in node.columns.items() if name in stored %}
    comment on column {{ relation }}.{{ quoted_name(name) }} is {{ quoted(column.description) }};
    {%- endfor %}
{% endmacro %}

{#- dbt calls this after each view and seed. -#}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {%- call statement('comments') -%} {{ comments_on(relation, model) }} {%- endcall -%}
{%- endmacro %}
