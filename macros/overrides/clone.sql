{#- dbt clone would create views on production's tables, and the next refresh would write to those as if they were its own. -#}
{% macro clone_refused() %}
    {%- do stop('dbt clone cannot copy these tables: fill schemas of your own instead, with scripts/refresh.py --sample 1%.') -%}
{% endmacro %}

{#- dbt clone calls this before it creates one of our models. -#}
{% macro can_clone_table() %}
    {{ clone_refused() }}
{% endmacro %}

{#- dbt clone calls this before its first model. In another project it may clone models of its own. -#}
{% macro create_schema(relation) %}
    {%- if flags.WHICH == 'clone' and project_name == 'signup_attribution' -%}
        {{ clone_refused() }}
    {%- endif -%}
    {{ return(dbt.create_schema(relation)) }}
{% endmacro %}
