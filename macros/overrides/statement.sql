{#- dbt's macro of that name, which sends SQL: each statement as the engine reads it, and one at a time where it takes no more. -#}
{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') -%}
    {%- for one in (statements_of(caller()) if execute else []) -%}
        {%- call dbt.statement(name, fetch_result, auto_begin, language) -%}{{ one }}{%- endcall -%}
    {%- endfor -%}
{%- endmacro %}

{#- The statements of a script, as they are sent: a list. -#}
{% macro statements_of(script) -%}
    {{ return(adapter.dispatch('statements_of', 'signup_attribution')(script)) }}
{%- endmacro %}

{% macro default__statements_of(script) -%}
    {{ return([script]) }}
{%- endmacro %}
