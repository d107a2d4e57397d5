{#- Comments on tables and columns in the database, with our mark, written again only when the text changed or the table is new. -#}

{#- Hash of what the project says about this model and its columns. -#}
{% macro documentation() -%}
    {%- set texts = [marked(model.description)] -%}
    {%- for name, column in model.columns.items() -%}
        {%- do texts.append(name ~ ': ' ~ column.description) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(texts))) }}
{%- endmacro %}

{#- dbt asks this after each model; a table that stayed still has its comments. -#}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {%- set stored = model_states().get(model.name) if is_incremental() else none -%}
    {%- if not (stored and stored.documentation == documentation()) -%}
        {%- do dbt.persist_docs(relation, dict(model, description=marked(model.description)), for_relation, for_columns) -%}
    {%- endif -%}
{%- endmacro %}
