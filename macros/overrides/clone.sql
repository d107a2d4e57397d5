{#- dbt clone would make views of production's tables, which the next refresh would write to as if they were its own. -#}
{% macro clone_refused() %}
    {%- do stop('dbt clone cannot copy these tables: fill schemas of your own instead, with scripts/refresh.py --sample 1%.') -%}
{% endmacro %}

{#- What dbt clone asks before it makes one of our models. -#}
{% macro can_clone_table() %}
    {{ clone_refused() }}
{% endmacro %}

{#- What it does before its first model. (As a package of another project we are not asked.) -#}
{% macro create_schema(relation) %}
    {%- if flags.WHICH == 'clone' -%}
        {{ clone_refused() }}
    {%- endif -%}
    {{ return(dbt.create_schema(relation)) }}
{% endmacro %}
