{#-
    An event's stamp: its time and id as one text, separated by a tab (an id never has one, see valid_id), and after another tab its
    page URL, if one is given. Stamps sort the way events do: by time, then by id. So the first or last event of any group, with its
    id and URL, is the smallest or greatest stamp, on every engine and in any order of arrival. Null for an event without that URL.
-#}
{% macro event_stamp(time, event_id, page_url=none) -%}
    {{ sortable_time(time) }} || chr(9) || {{ event_id }}{{ ' || chr(9) || ' ~ page_url if page_url }}
{%- endmacro %}

{#- The event id in a stamp. -#}
{% macro stamp_id(stamp) -%}
    split_part({{ stamp }}, chr(9), 2)
{%- endmacro %}

{#- The page URL in a stamp, which may contain tabs itself. -#}
{% macro stamp_url(stamp) -%}
    nullif(substr({{ stamp }}, length(split_part({{ stamp }}, chr(9), 1)) + length(split_part({{ stamp }}, chr(9), 2)) + 3), '')
{%- endmacro %}

{#- The time in a stamp. -#}
{% macro stamp_time(stamp) -%}
    cast(split_part({{ stamp }}, chr(9), 1) as timestamp)
{%- endmacro %}
