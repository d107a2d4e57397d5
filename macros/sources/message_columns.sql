{#- The columns of a message: one list, used wherever all of them are named. -#}

{#- The columns of a message besides ids and times. -#}
{% macro event_columns() %}
    {{ return(['event_name', 'event_display_name', 'page_url', 'page_path', 'page_title', 'page_referrer', 'page_search',
               'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'user_agent', 'ip']) }}
{% endmacro %}

{#- The columns of app_tracks in their order, without source_place, batch_id and the columns passed through. -#}
{% macro message_columns() %}
    {{ return(['message_type', 'event_id', 'anonymous_id', 'user_id', 'previous_id'] + event_columns()
              + ['is_session_event', 'is_clock_corrected', 'occurred_at', 'received_at', 'loaded_at']) }}
{% endmacro %}

{#- The columns passed through, of a source row (source_rows numbers them), each with a comma after it. -#}
{% macro passed_columns() -%}
    {%- for column in pass_through_columns() -%}
        passed_{{ loop.index }} as {{ quoted_name(column.name) }},
    {% endfor -%}
{%- endmacro %}

{#- Nulls in place of event_columns and the columns passed through, for messages that are not events. -#}
{% macro no_event_columns() -%}
    {%- for column in event_columns() -%}
        {{ as_id_text('null') }} as {{ column }},
    {% endfor -%}
    {%- for column in pass_through_columns() -%}
        cast(null as {{ column.type }}) as {{ quoted_name(column.name) }},
    {% endfor -%}
{%- endmacro %}

{#-
    The times of a source row under the names the models use: claimed_at by the client's clock, received_at when the server
    received the message, load_time when the warehouse loaded it; each may be null.
-#}
{% macro staged_times() -%}
    coalesce("timestamp", original_timestamp, sent_at, received_at) as claimed_at,
        received_at,
        coalesce(uuid_ts, loaded_at, received_at) as load_time
{%- endmacro %}
