{#- Parts of a URL, with the same meaning on every engine. Without a host the host is null. -#}

{#-
    Host in lower case of all alphabets, without user, password, port and final dot; an IPv6 address keeps its brackets.
    PostgreSQL splits the usual URL, which is several times as fast as a regular expression; DuckDB runs one per distinct text.
-#}
{% macro url_host(url) -%}
    nullif(trim(trailing '.' from {{ adapter.dispatch('host_with_dot', 'signup_attribution')(url) }}), '')
{%- endmacro %}

{% macro default__host_with_dot(url) -%}
    {{ lower_case(regexp_group(url, '^ *(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?:[^/?#]*@)?([[][^]/?#@]*]|[^[/?#:@][^/?#:@]*|)')) }}
{%- endmacro %}

{% macro postgres__host_with_dot(url) -%}
    case
        when
            ({{ url }} like 'https://%' or {{ url }} like 'http://%')
            and strpos({{ url }}, '@') = 0 and strpos({{ url }}, '[') = 0 and octet_length({{ url }}) = length({{ url }})
            then lower(split_part(split_part(split_part(split_part({{ url }}, '/', 3), '?', 1), '#', 1), ':', 1) collate "C")
        else {{ default__host_with_dot(url) }}
    end
{%- endmacro %}

{#- Path after the host, up to ? or #; / when there is none. -#}
{% macro url_path(url) -%}
    case
        when {{ url }} is not null
            then coalesce(nullif({{ regexp_group(url, '^(?: *(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*)?([^?#]*)') }}, ''), '/')
    end
{%- endmacro %}

{#- Text between the first ? and the fragment; null without a ?. -#}
{% macro url_query(url) -%}
    case
        when {{ url }} like '%?%'
            then substr(split_part({{ url }}, '#', 1), nullif(strpos(split_part({{ url }}, '#', 1), '?'), 0) + 1)
    end
{%- endmacro %}

{#- Text after the first # if it may hold parameters. -#}
{% macro url_fragment(url) -%}
    case when {{ url }} like '%#%' and {{ url }} like '%=%' then substr({{ url }}, strpos({{ url }}, '#') + 1) end
{%- endmacro %}

{#-
    The parameters of a message, each as &name=value?, in the order in which they count: those of its URL's query, those of
    `search` (the URL of a page may be its canonical link, without them), those of its URL's fragment. & and ? separate in all
    of them, so that neither is left in a name or value.
-#}
{% macro url_parameters(query, search, fragment) -%}
    case
        when coalesce({{ query }}, {{ search }}, {{ fragment }}) is null then ''
        when {{ fragment }} is null and trim(leading '?' from coalesce({{ search }}, '')) in ('', {{ query }})
            then coalesce({{ separated_parameters(query) }}, '')
        else
            coalesce({{ separated_parameters(query) }}, '')
            || coalesce({{ separated_parameters(search) }}, '')
            || coalesce({{ separated_parameters(fragment) }}, '')
    end
{%- endmacro %}

{#- The parameters of one part of a URL. An e-mail that encodes its links twice has &amp; between them. -#}
{% macro separated_parameters(text) -%}
    '&' || replace(
        case
            when {{ text }} like '%;%' and {{ text }} like '%&%'
                then translate({{ regexp_replaced(text, '&(amp;)+', '&', 'gi') }}, '?', '&')
            else translate({{ text }}, '?;', '&&')
        end, '&', '?&'
    ) || '?'
{%- endmacro %}

{#- Those parameters that have a value: the first of each name is then the one that counts. -#}
{% macro valued_parameters(parameters) -%}
    {{ adapter.dispatch('valued_parameters', 'signup_attribution')(parameters) }}
{%- endmacro %}

{% macro default__valued_parameters(parameters) -%}
    {{ regexp_replaced(parameters, '&[^&=?]*(=(([+ ]|%20)*|' ~ no_value_pattern() ~ '))?[?]', '', 'gi') }}
{%- endmacro %}

{#- Checking first takes half the time, because nearly all have one. -#}
{% macro duckdb__valued_parameters(parameters) -%}
    case
        when {{ regexp_found(parameters, "'(?i)&[^&=?]*(=(([+ ]|%20)*|" ~ no_value_pattern() ~ "))?[?]'") }}
            then {{ default__valued_parameters(parameters) }}
        else {{ parameters }}
    end
{%- endmacro %}

{#-
    Pattern, ignoring case, of what a template or a script leaves when it has no value, plain or percent-encoded: null,
    undefined, nan, (not set), [object Object], and placeholders ({campaign.name}, ${campaign}, __CAMPAIGN__, %%campaign%%, *|CAMPAIGN|*).
-#}
{% macro no_value_pattern() -%}
    {%- set blanks, any = '([+ ]|%20)*', '[^?]*' -%}
    {{ blanks }}(null|undefined|nan|([(]|%28)not([+ ]|%20)set([)]|%29)|([[]|%5b)object([+ ]|%20)object(]|%5d)
    {{- '|([$]|%24)?([{]|%7b)' ~ any ~ '([}]|%7d)|__' ~ any ~ '__|(%25|%){2}' ~ any ~ '(%25|%){2}' -}}
    |([*]|%2a)([|]|%7c){{ any }}([|]|%7c)([*]|%2a)){{ blanks }}
{%- endmacro %}

{#- Text without blanks around it; other white space stays. (A bare trim also removes that, but only on DuckDB.) -#}
{% macro without_blanks(text) -%}
    trim(both ' ' from {{ text }})
{%- endmacro %}

{#- A single value, trimmed; null if it does not count as one. -#}
{% macro given_value(text) -%}
    case when not {{ regexp_found(text, "'(?i)^" ~ no_value_pattern() ~ "$'") }} then nullif({{ without_blanks(text) }}, '') end
{%- endmacro %}

{#- Raw value of the parameter of that name (ignoring case) in url_parameters; null when it is missing. -#}
{% macro query_parameter(parameters, name) -%}
    case when strpos(lower({{ as_id_text(parameters) }}), '&{{ name }}=') > 0 then {{ named_parameter(parameters, quoted(name)) }} end
{%- endmacro %}

{#- The same if the name is an expression; meaningless if the parameter is missing. -#}
{% macro named_parameter(parameters, name) -%}
    split_part(
        substr({{ parameters }}, strpos(lower({{ as_id_text(parameters) }}), '&' || lower({{ name }}) || '=') + length({{ name }}) + 2),
        '?', 1
    )
{%- endmacro %}

{#- A raw parameter value, decoded and trimmed; null when nothing is left. -#}
{% macro decoded(value) -%}
    nullif({{ without_blanks(url_decode(value)) }}, '')
{%- endmacro %}

{#- Percent- and plus-decoded text; the text itself if the bytes are not valid text. -#}
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
    regexp_extract({{ text }}, '{{ pattern }}', 1, 's')
{%- endmacro %}

{#- Text with all that a pattern matches replaced. flags: as PostgreSQL's, g and i. -#}
{% macro regexp_replaced(text, pattern, replacement, flags='g') -%}
    {{ adapter.dispatch('regexp_replaced', 'signup_attribution')(text, pattern, replacement, flags) }}
{%- endmacro %}

{% macro default__regexp_replaced(text, pattern, replacement, flags) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', '{{ flags }}')
{%- endmacro %}

{#- True when the pattern (an expression) is found in the text; its dots also stand for line breaks. -#}
{% macro regexp_found(text, pattern) -%}
    {{ adapter.dispatch('regexp_found', 'signup_attribution')(text, pattern) }}
{%- endmacro %}

{% macro default__regexp_found(text, pattern) -%}
    {{ text }} ~ {{ pattern }}
{%- endmacro %}

{% macro duckdb__regexp_found(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }}, 's')
{%- endmacro %}

{#- Number of elements of a list. -#}
{% macro label_count(list) -%}
    {{ adapter.dispatch('label_count', 'signup_attribution')(list) }}
{%- endmacro %}

{% macro default__label_count(list) -%}
    array_length({{ list }}, 1)
{%- endmacro %}
