{#-
    An event's stamp: its time, id and page URL as one text, separated by tabs (an id never has one, see valid_id). Stamps sort
    the way events do: by time, then by id. So the first or last event of any group, with its id and URL, is the smallest or
    greatest stamp, on every engine and in any order of arrival.
-#}
{% macro event_stamp(time, event_id, page_url) -%}
    {{ sortable_time(time) }} || chr(9) || {{ event_id }} || chr(9) || coalesce({{ page_url }}, '')
{%- endmacro %}

{#- The event id in a stamp. -#}
{% macro stamp_id(stamp) -%}
    split_part({{ stamp }}, chr(9), 2)
{%- endmacro %}

{#- The page URL in a stamp, which may contain tabs itself; null when the event had none. -#}
{% macro stamp_url(stamp) -%}
    nullif(substr({{ stamp }}, length(split_part({{ stamp }}, chr(9), 1)) + length(split_part({{ stamp }}, chr(9), 2)) + 3), '')
{%- endmacro %}

{#- The time in a stamp. -#}
{% macro stamp_time(stamp) -%}
    cast(split_part({{ stamp }}, chr(9), 1) as timestamp)
{%- endmacro %}
