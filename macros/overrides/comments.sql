{#- Comments on tables and columns in the database, with our mark. -#}

{#- Hash of what the project says about a model and its columns. -#}
{% macro documentation(node) -%}
    {%- set texts = [marked(node.description)] -%}
    {%- for name, column in node.columns.items() -%}
        {%- do texts.append(name ~ ': ' ~ column.description) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(texts))) }}
{%- endmacro %}

{#- dbt calls this after each view and seed. -#}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {%- do dbt.persist_docs(relation, dict(model, description=marked(model.description)), for_relation, for_columns) -%}
{%- endmacro %}
