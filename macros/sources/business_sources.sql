{#-
    Optional tables besides the messages, for the marts and identity: money spent and received, what people say brought them, and who
    is who. They are named in the variable `sources` like the collections of messages, each in one place, and every refresh reads them
    whole.
-#}

{#- Columns read from each table: name -> kind (text; number; time, UTC; day; interval, of billing). -#}
{% macro business_columns(name) %}
    {{ return({
        'ad_spend': {'date': 'day', 'source': 'text', 'medium': 'text', 'campaign': 'text', 'cost': 'number', 'currency': 'text'},
        'revenue': {'user_id': 'text', 'paid_at': 'time', 'amount': 'number', 'currency': 'text'},
        'subscriptions': {'user_id': 'text', 'started_at': 'time', 'ended_at': 'time', 'billing_interval': 'interval',
                          'amount': 'number', 'currency': 'text'},
        'survey': {'user_id': 'text', 'answer': 'text', 'answered_at': 'time'},
        'identity_overrides': {'id_a': 'text', 'id_b': 'text', 'action': 'text', 'note': 'text'}
    }[name]) }}
{% endmacro %}

{#- Names of these tables, and the required columns of each. -#}
{% macro business_sources() %}
    {{ return({
        'ad_spend': ['date', 'cost'],
        'revenue': ['user_id', 'paid_at', 'amount'],
        'subscriptions': ['user_id', 'started_at', 'amount'],
        'survey': ['user_id', 'answer'],
        'identity_overrides': ['id_a', 'id_b', 'action']
    }) }}
{% endmacro %}

{#- A query on one of these tables with all its columns; empty when it is not configured or does not exist (yet). -#}
{% macro business_rows(name) %}
    {%- set declared = source('business', name) -%}
    {%- set places = present_places(name) -%}
    {%- set present = by_name(place_columns(places[0]) if places else []) -%}
    select
    {%- for column, kind in business_columns(name).items() %}
        {{ business_value(present.get(column), kind) }} as {{ quoted_name(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
    {%- if present %}
    from {{ place_relation(places[0]) }}
    {%- else %}
    where false
    {%- endif %}
{% endmacro %}

{#- One column in its kind; null if the table lacks it (an interval: month), or if a text is not such a value. -#}
{% macro business_value(column, kind) -%}
    {%- if kind == 'number' -%}
        {{ number_value(column) }}
    {%- elif kind == 'day' -%}
        {{ day_value(column) }}
    {%- elif kind == 'interval' -%}
        {%- set written = 'lower(' ~ trimmed(source_value(column, 'text')) ~ ')' -%}
        case when coalesce({{ written }}, '') = '' then 'month' when {{ written }} in ('week', 'month', 'year') then {{ written }} end
    {%- else -%}
        {{ source_value(column, kind) }}
    {%- endif -%}
{%- endmacro %}

{#- A whole number such as 20260310 is not a day, although one since 1970 is a time. -#}
{% macro day_value(column) -%}
    {%- if column is none or column is not defined or number_kind(column.type) -%}
        cast(null as date)
    {%- elif column.type.startswith('timestamp') or column.type == 'date' -%}
        cast({{ source_value(column, 'time') }} as date)
    {%- else -%}
        {%- set text = source_value(column, 'text') -%}
        cast(case when not {{ regexp_found(without_blanks(text), "'" ~ whole_number_pattern() ~ "'") }} then {{ source_value(column, 'time') }} end as date)
    {%- endif -%}
{%- endmacro %}

{#- A number below 10^100, so that sums of such numbers, and what they are per sign-up, stay in range; null for anything else. -#}
{% macro number_value(column) -%}
    {%- if column is none or column is not defined -%}
        cast(null as double precision)
    {%- elif number_kind(column.type) -%}
        case when {{ quoted_name(column.name) }} between -1e100 and 1e100 then cast({{ quoted_name(column.name) }} as double precision) end
    {%- else -%}
        {%- set text = without_blanks('cast(' ~ quoted_name(column.name) ~ ' as text)') -%}
        case
            when {{ regexp_found(text, "'^[-+]?([0-9]{1,50}[.]?[0-9]{0,50}|[.][0-9]{1,50})([eE][-+]?0*[0-4]?[0-9])?$'") }}
                then cast({{ text }} as double precision)
        end
    {%- endif -%}
{%- endmacro %}
