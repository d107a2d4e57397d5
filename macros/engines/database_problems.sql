{#- A sentence for each reason why the database cannot be used at all; none on DuckDB. -#}
{% macro database_problems() -%}
    {{ return(adapter.dispatch('database_problems', 'signup_attribution')()) }}
{%- endmacro %}

{% macro default__database_problems() -%}
    {{ return([]) }}
{%- endmacro %}

{#- Other encodings lack characters that visitors send, or count bytes instead; patterns would lose their backslashes. -#}
{% macro postgres__database_problems() -%}
    {%- set problems = [] -%}
    {%- set asked = "select current_database(), getdatabaseencoding(), current_setting('standard_conforming_strings'), current_user" -%}
    {%- for database, encoding, conforming, user in run_query(asked).rows -%}
        {%- if encoding != 'UTF8' -%}
            {%- do problems.append('The database ' ~ database ~ ' is encoded in ' ~ encoding ~ ", which cannot hold everything that visitors send: use one created with encoding 'UTF8'.") -%}
        {%- endif -%}
        {%- if conforming != 'on' -%}
            {%- do problems.append('standard_conforming_strings is off: alter role ' ~ user ~ ' set standard_conforming_strings = on, or remove it from PGOPTIONS.') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
