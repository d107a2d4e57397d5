{#- Which copy of a message counts, and which ids are known already. -#}

{#- All columns of a stored message, the passed-through ones last. -#}
{% macro stored_columns() -%}
    {{ message_columns() | join(', ') }}
    {%- for column in pass_through_columns() -%}, {{ adapter.quote(column.name) }}{%- endfor -%}
{%- endmacro %}

{#- Order of copies of one message: the one loaded first, then the one received first, then the smallest row. -#}
{% macro copy_order() -%}
    loaded_at, received_at
    {%- for column in message_columns() if column not in ['message_type', 'event_id', 'loaded_at', 'received_at'] -%}
        , new_messages.{{ column }}
    {%- endfor -%}
{%- endmacro %}

{#- Ids of `messages` that one of the relations holds. Joins from the few new ids, so an index or one column answers it. -#}
{% macro stored_ids(messages, relations) -%}
    {%- for relation in relations if relation is not none %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select stored.message_type, stored.event_id
    from {{ relation }} as stored
    inner join {{ messages }} as arriving
        on stored.event_id = arriving.event_id and stored.message_type = arriving.message_type
    {%- endfor -%}
{%- endmacro %}

{#- Hash of everything a message says: what tells rows without an id apart. -#}
{% macro content_hash() -%}
    md5(
        {%- for column in message_columns() if column not in ['is_session_event', 'is_clock_corrected'] %}
        coalesce(cast({{ column }} as text), chr(30)) || chr(31){{ ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
