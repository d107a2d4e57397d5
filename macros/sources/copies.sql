{#- Which source rows are messages that are already stored, and which copy of a message counts. -#}

{#- All columns of a stored message, the passed-through ones last. -#}
{% macro stored_columns() -%}
    {{ message_columns() | join(', ') }}, source_place
    {%- for column in pass_through_columns() -%}, {{ quoted_name(column.name) }}{%- endfor -%}
{%- endmacro %}

{#- Relations whose messages are already stored: none when app_tracks is about to be built from scratch. -#}
{% macro stored_message_relations() %}
    {%- if not execute or applied_batch_id('app_tracks') == 0 -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set relations = [stored_relation('app_tracks'), state_table('archived_messages')] -%}
    {%- if applied_batch_id('rejected_events') > 0 -%}
        {%- do relations.append(stored_relation('rejected_events')) -%}
    {%- endif -%}
    {{ return(relations) }}
{% endmacro %}

{#- Order of copies of one message: the one loaded first, then the one received first, then the smallest row. -#}
{% macro copy_order() -%}
    batch_messages.loaded_at nulls last, batch_messages.received_at nulls last
    {%- for column in message_columns() if column not in ['message_type', 'event_id', 'loaded_at', 'received_at'] -%}
        , batch_messages.{{ column }} nulls last
    {%- endfor -%}
    {%- for column in pass_through_columns() -%}
        , cast(batch_messages.{{ quoted_name(column.name) }} as text) nulls last
    {%- endfor -%}
    , batch_messages.source_place
{%- endmacro %}

{#- Query on the new messages, with only the copy that counts of each. -#}
{% macro messages_that_count() -%}
    select * from batch_messages
    where not exists (
        select 1 from repeated_messages
        where repeated_messages.event_id = batch_messages.event_id and repeated_messages.message_type = batch_messages.message_type
    )
    union all
    select * from repeated_messages
{%- endmacro %}

{#- Hash of the whole message, which tells rows without an id apart. -#}
{% macro content_hash() -%}
    md5(
        {%- for column in message_columns() if column not in ['event_display_name', 'is_session_event', 'is_clock_corrected'] %}
        {{ text_part('cast(' ~ column ~ ' as text)') }}{{ ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
