{#- Parts of a URL, by expressions that mean the same on every engine. A URL without a host has none: null. -#}

{#- Host in lower case, without user, password and port. -#}
{% macro url_host(url) -%}
    nullif(lower({{ regexp_group(url, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?:[^/?#@]*@)?([^/?#:]*)') }}), '')
{%- endmacro %}

{#- Path after the host, up to ? or #; / when there is none. -#}
{% macro url_path(url) -%}
    case
        when {{ url }} is not null
            then coalesce(nullif({{ regexp_group(url, '^(?:(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*)?([^?#]*)') }}, ''), '/')
    end
{%- endmacro %}

{#- Text between the first ? and the fragment. -#}
{% macro url_query(url) -%}
    nullif({{ regexp_group(url, '^[^?#]*[?]([^#]*)') }}, '')
{%- endmacro %}

{#- Decoded value of the first parameter of that name in a query string; null when it is missing or empty. -#}
{% macro query_parameter(query, name) -%}
    case
        when {{ query }} like '%{{ name }}=%'
            then {{ decoded(regexp_group(query, '(?:^|&)' ~ name ~ '=([^&]*)')) }}
    end
{%- endmacro %}

{#- A raw parameter value decoded and without blanks around it; null when nothing is left. -#}
{% macro decoded(value) -%}
    nullif(trim(case when {{ value }} like '%\%%' escape '\' or {{ value }} like '%+%' then {{ url_decode(value) }} else {{ value }} end), '')
{%- endmacro %}

{#- Percent- and plus-decoded text; the text itself where the bytes are no valid text. -#}
{% macro url_decode(value) -%}
    {{ adapter.dispatch('url_decode', 'signup_attribution')(value) }}
{%- endmacro %}

{% macro default__url_decode(value) -%}
    {{ project_schema('refresh') }}.url_decode({{ value }})
{%- endmacro %}

{% macro duckdb__url_decode(value) -%}
    case when {{ value }} like '%\%00%' escape '\' then {{ value }} else coalesce(try(url_decode(replace({{ value }}, '+', ' '))), {{ value }}) end
{%- endmacro %}

{#- What the first group of a regular expression matches; empty or null where the text does not match. -#}
{% macro regexp_group(text, pattern) -%}
    {{ adapter.dispatch('regexp_group', 'signup_attribution')(text, pattern) }}
{%- endmacro %}

{% macro default__regexp_group(text, pattern) -%}
    substring({{ text }} from '{{ pattern }}')
{%- endmacro %}

{% macro duckdb__regexp_group(text, pattern) -%}
    regexp_extract({{ text }}, '{{ pattern }}', 1)
{%- endmacro %}

{#- Decoded value of a parameter whose name is itself an expression (in any case); the first one that is not empty. -#}
{% macro named_query_parameter(url, name) -%}
    {%- set value = adapter.dispatch('regexp_group_by', 'signup_attribution')("'&' || " ~ url_query(url), "'(?i)&' || " ~ name ~ " || '=([^&]+)'") -%}
    {{ decoded(value) }}
{%- endmacro %}

{% macro default__regexp_group_by(text, pattern) -%}
    substring({{ text }} from {{ pattern }})
{%- endmacro %}

{% macro duckdb__regexp_group_by(text, pattern) -%}
    regexp_extract({{ text }}, {{ pattern }}, 1)
{%- endmacro %}

{#- True when the pattern (an expression) is found in the text. -#}
{% macro regexp_found(text, pattern) -%}
    {{ adapter.dispatch('regexp_found', 'signup_attribution')(text, pattern) }}
{%- endmacro %}

{% macro default__regexp_found(text, pattern) -%}
    {{ text }} ~ {{ pattern }}
{%- endmacro %}

{% macro duckdb__regexp_found(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{#- Number of elements of a list. -#}
{% macro label_count(list) -%}
    {{ adapter.dispatch('label_count', 'signup_attribution')(list) }}
{%- endmacro %}

{% macro default__label_count(list) -%}
    cardinality({{ list }})
{%- endmacro %}

{% macro duckdb__label_count(list) -%}
    len({{ list }})
{%- endmacro %}
