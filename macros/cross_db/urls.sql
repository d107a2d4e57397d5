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

{#- Raw value of the first parameter of that name in a query string; empty or null when it is missing. -#}
{% macro query_parameter(query, name) -%}
    case when {{ query }} like '%{{ name }}=%' then {{ regexp_group(query, '(?:^|&)' ~ name ~ '=([^&]*)') }} end
{%- endmacro %}

{#-
    Raw value of a parameter whose name is an expression (compared without case), from a query string in the form that
    valued_parameters gives it; meaningless where the parameter is missing.
-#}
{% macro named_parameter(parameters, name) -%}
    split_part(
        substr({{ parameters }}, strpos(lower({{ parameters }}), '&' || lower({{ name }}) || '=') + length({{ name }}) + 2),
        '&', 1
    )
{%- endmacro %}

{#- The parameters of a query string that have a value, each between its own ampersands: '&gclid=x&&page=2&'. -#}
{% macro valued_parameters(query) -%}
    regexp_replace('&' || replace({{ query }}, '&', '&&') || '&', '&[^&=]+(=([+ ]|%20)*)?&', '', 'g')
{%- endmacro %}

{#- A raw parameter value decoded and without blanks around it; null when nothing is left. -#}
{% macro decoded(value) -%}
    nullif(trim({{ url_decode(value) }}), '')
{%- endmacro %}

{#- Percent- and plus-decoded text; the text itself where the bytes are no valid text. -#}
{% macro url_decode(value) -%}
    {{ adapter.dispatch('url_decode', 'signup_attribution')(value) }}
{%- endmacro %}

{% macro default__url_decode(value) -%}
    "{{ project_schema('refresh') }}".url_decode({{ value }})
{%- endmacro %}

{% macro duckdb__url_decode(value) -%}
    case
        when not (contains({{ value }}, '%') or contains({{ value }}, '+')) or contains({{ value }}, '%00') then {{ value }}
        else coalesce(try(url_decode(replace({{ value }}, '+', ' '))), {{ value }})
    end
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
