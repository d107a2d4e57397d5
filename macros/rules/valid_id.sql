{#-
    An id without surrounding white space; null when nothing is left, when the seed invalid_ids lists it, when a tab is in it, or
    when it is longer than 255 characters: PostgreSQL could not look longer ones up. (dbt loads the word null of a seed as a null
    on PostgreSQL.)
-#}
{% macro valid_id(column) -%}
    case
        when {{ trimmed(column) }} = '' or strpos({{ trimmed(column) }}, chr(9)) > 0 or length({{ trimmed(column) }}) > 255 then null
        when {{ is_listed('lower(' ~ trimmed(column) ~ ')', "coalesce(invalid_id, 'null')", ref('invalid_ids')) }} then null
        else {{ trimmed(column) }}
    end
{%- endmacro %}

{#- Text without surrounding white space; null when nothing is left. -#}
{% macro text_or_null(column) -%}
    nullif({{ trimmed(column) }}, '')
{%- endmacro %}

{#-
    Text without surrounding white space: blank, tab, line feed, vertical tab, form feed, carriage return. Only text that begins
    or ends with such a character (none is greater than the blank) pays for the search.
-#}
{% macro trimmed(column) -%}
    case
        when left({{ column }}, 1) > ' ' and right({{ column }}, 1) > ' ' then {{ column }}
        else trim(both ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) from {{ column }})
    end
{%- endmacro %}
