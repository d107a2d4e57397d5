{#- A column of JSON as text: a text without its quotes, null for JSON's null, and whole numbers as text_value has them. type: json or jsonb. -#}
{% macro json_text(column, type) -%}
    {{ adapter.dispatch('json_text', 'signup_attribution')(column, type) }}
{%- endmacro %}

{#- JSON has numbers that are too large for PostgreSQL's own. -#}
{% macro default__json_text(column, type) -%}
    {%- set text = '(' ~ column ~ " #>> '{}')" -%}
    case
        when {{ type }}_typeof({{ column }}) = 'number' and {{ text }} ~ '^[-0-9.]{1,200}([eE][-+]?[0-9]{1,3})?$'
            then {{ text_value('cast(' ~ text ~ ' as numeric)', 'numeric') }}
        else {{ text }}
    end
{%- endmacro %}

{% macro duckdb__json_text(column, type) -%}
    {{ json_scalar('(' ~ column ~ " ->> '$')", 'json_type(' ~ column ~ ')') }}
{%- endmacro %}

{#- A value of JSON as text, from DuckDB's text and type of it, which is DOUBLE for large integers too. -#}
{% macro json_scalar(text, type) -%}
    case
        when {{ type }} = 'DOUBLE' and regexp_matches({{ text }}, '[.eE]') then {{ text_value('try_cast(' ~ text ~ ' as double)', 'double') }}
        else {{ text }}
    end
{%- endmacro %}
