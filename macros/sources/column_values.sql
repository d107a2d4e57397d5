{#- The values of source columns of any type. -#}

{#- The kind of number of a type: integer, decimal or float; none for other types. -#}
{% macro number_kind(type) %}
    {%- if type in ['smallint', 'integer', 'bigint', 'tinyint', 'hugeint', 'utinyint', 'usmallint', 'uinteger', 'ubigint', 'uhugeint'] -%}
        {{ return('integer') }}
    {%- elif type.startswith('numeric') or type.startswith('decimal') -%}
        {{ return('decimal') }}
    {%- elif type in ['double', 'double precision', 'float', 'real'] -%}
        {{ return('float') }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{#- A column as text, the same on every engine: whole numbers have neither a decimal point nor an exponent; NaN and infinity are null. -#}
{% macro text_value(column, type) -%}
    {%- if number_kind(type) == 'decimal' -%}
        case when {{ column }} = trunc({{ column }}) then cast(trunc({{ column }}) as text) else cast({{ column }} as text) end
    {%- elif number_kind(type) == 'float' -%}
        case
            when {{ column }} != trunc({{ column }}) then cast({{ column }} as text)
            when abs({{ column }}) < 1e38 then cast(cast(cast({{ column }} as text) as decimal(38, 0)) as text)
        end
    {%- elif type in ['json', 'jsonb'] -%}
        {{ json_text(column, type) }}
    {%- else -%}
        cast({{ column }} as text)
    {%- endif -%}
{%- endmacro %}

{#- A column as UTC time to the microsecond; null if a value is not a time. -#}
{% macro time_value(column, type) -%}
    {%- if type in ['timestamp_ns', 'timestamptz_ns'] -%}
        {#- DuckDB would round -#}
        {%- set nanoseconds = 'epoch_ns(' ~ column ~ ')' -%}
        make_timestamp(({{ nanoseconds }} - (({{ nanoseconds }} % 1000) + 1000) % 1000) // 1000)
    {%- elif type.startswith('timestamp') and ('with time zone' in type or type.startswith('timestamptz')) -%}
        {{ usable_time(column ~ " at time zone 'UTC'") }}
    {%- elif type.startswith('timestamp') or type == 'date' -%}
        {{ usable_time('cast(' ~ column ~ ' as timestamp)') }}
    {%- elif number_kind(type) -%}
        case
            when {{ comparable_number(column) }} between -999999999999999999 and 999999999999999999{{ ' and ' ~ column ~ ' = trunc(' ~ column ~ ')' if number_kind(type) != 'integer' }}
                then {{ epoch_time(as_bigint(column)) }}
        end
    {%- else -%}
        {{ parse_time(text_value(column, type)) }}
    {%- endif -%}
{%- endmacro %}

{#- A passed-through column in its declared type; null if a value cannot be cast to it. source: {name, type} or none. -#}
{% macro passed_value(source, type) -%}
    {%- if source is none or source is not defined -%}
        cast(null as {{ type }})
    {%- elif source.type == type | lower -%}
        {{ quoted_name(source.name) }}
    {%- elif type | lower in ['text', 'varchar'] -%}
        {{ text_value(quoted_name(source.name), source.type) }}
    {%- elif type | lower in ['timestamp', 'date'] -%}
        cast({{ time_value(quoted_name(source.name), source.type) }} as {{ type }})
    {%- else -%}
        {{ cast_or_null(text_value(quoted_name(source.name), source.type), type) }}
    {%- endif -%}
{%- endmacro %}

{#- A text cast to a type; null if that is impossible. -#}
{% macro cast_or_null(text, type) -%}
    {{ adapter.dispatch('cast_or_null', 'signup_attribution')(text, type) }}
{%- endmacro %}

{% macro default__cast_or_null(text, type) -%}
    "{{ project_schema('refresh') }}".cast_or_null({{ text }}, cast(null as {{ type }}), {{ quoted(type) }})
{%- endmacro %}

{#- DuckDB would round '2.5' to an integer. -#}
{% macro duckdb__cast_or_null(text, type) -%}
    {%- if number_kind(type | lower) == 'integer' or type | lower == 'int' -%}
        case when regexp_matches(trim({{ text }}), '^[-+]?[0-9]+$') then try_cast({{ text }} as {{ type }}) end
    {%- else -%}
        try_cast({{ text }} as {{ type }})
    {%- endif -%}
{%- endmacro %}
