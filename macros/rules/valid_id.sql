{#-
    An id without surrounding white space; null when nothing is left or the seed invalid_ids lists it. (dbt loads the word
    null of a seed as a null on PostgreSQL.)
-#}
{% macro valid_id(column) -%}
    case
        when {{ trimmed(column) }} = '' then null
        when lower({{ trimmed(column) }}) in (select coalesce(invalid_id, 'null') from {{ ref('invalid_ids') }}) then null
        else {{ trimmed(column) }}
    end
{%- endmacro %}

{#- Text without the white space around it: blank, tab, line feed, vertical tab, form feed, carriage return. -#}
{% macro trimmed(column) -%}
    trim({{ column }}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))
{%- endmacro %}
