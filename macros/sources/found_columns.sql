{#- Query on the columns that the sources have now: message_type, column_name, data_type. -#}
{% macro found_columns() -%}
    {%- set rows = [] -%}
    {%- for collection in collections() -%}
        {%- set declared = source('segment', collection) -%}
        {%- for column in source_columns(collection) -%}
            {%- do rows.append('(' ~ quoted(collection) ~ ', ' ~ quoted(column.name) ~ ', ' ~ quoted(column.type) ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if rows -%}
    select message_type, column_name, data_type
    from (values {{ rows | join(', ') }}) as found_columns (message_type, column_name, data_type)
    {%- else -%}
    select '' as message_type, '' as column_name, '' as data_type
    where false
    {%- endif -%}
{%- endmacro %}

{#- SQL that keeps the columns just found, to be compared with at the next refresh. -#}
{% macro record_source_columns() %}
    delete from {{ state_table('source_columns') }};
    insert into {{ state_table('source_columns') }}
    {{ found_columns() }}
{% endmacro %}
