{#- Query on the columns that the places of the sources have now: message_type, source_place, column_name, data_type. -#}
{% macro found_columns() -%}
    {%- set rows = [] -%}
    {%- for collection in collections() -%}
        {%- set declared = source('segment', collection) -%}
        {%- for place in source_places(collection) -%}
            {%- for column in place_columns(place) -%}
                {%- set values = [quoted(collection), quoted(place.label), quoted(column.name), quoted(column.type)] -%}
                {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    select message_type, source_place, column_name, data_type
    from (values {{ rows | join(', ') or "('', '', '', '')" }}) as found_columns (message_type, source_place, column_name, data_type)
    {{ 'where false' if not rows }}
{%- endmacro %}

{#- SQL that saves the columns just found, to compare the next refresh with. -#}
{% macro record_source_columns() %}
    {{ put_all_rows(state_table('source_columns'), ['message_type', 'source_place', 'column_name', 'data_type'], found_columns()) }}
{% endmacro %}
