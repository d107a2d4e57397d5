{#- Query on the columns that the sources have now: message_type, column_name, data_type. -#}
{% macro found_columns() -%}
    {%- for collection in collections() -%}
        {%- set declared = source('segment', collection) -%}
        {%- for column in source_columns(collection) %}
    select {{ quoted(collection) }} as message_type, {{ quoted(column.name) }} as column_name, {{ quoted(column.type) }} as data_type
    union all
        {%- endfor -%}
    {%- endfor %}
    select '' as message_type, '' as column_name, '' as data_type where false
{%- endmacro %}

{#- SQL that keeps the columns just found, to be compared with at the next refresh. -#}
{% macro record_source_columns() %}
    delete from {{ state_table('source_columns') }};
    insert into {{ state_table('source_columns') }}
    {{ found_columns() }}
{% endmacro %}
