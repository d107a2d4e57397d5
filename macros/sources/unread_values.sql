{#-
    Values of source columns that could not be read: a time column without a single time, or values of a typed column of
    pass_through_columns that do not fit its type. Only columns that need a conversion are checked.
-#}

{#- Sentences about them. every_row: about the times of all source rows, instead of the rows that this refresh reads. -#}
{% macro unread_values(every_row=false) %}
    {%- set sentences = [] -%}
    {%- for collection in collections() -%}
        {%- for place in present_places(collection) -%}
            {%- set converted = converted_columns(collection, place, [] if every_row else pass_through_columns()) -%}
            {%- set counts = run_query(count_values(collection, place, converted, every_row)).rows[0] if converted else [] -%}
            {%- for column in converted -%}
                {%- set given, read = counts[2 * loop.index0], counts[2 * loop.index0 + 1] -%}
                {%- set values = 'values of ' ~ column.name ~ ' in ' ~ place.label ~ ' (' ~ column.source.type ~ ')' -%}
                {%- if column.kind == 'time' and given > 0 and read == 0 -%}
                    {%- do sentences.append('None of ' ~ given ~ ' ' ~ values ~ ' is a time, so all count as missing: write timestamps, ISO 8601, or whole numbers since 1970.') -%}
                {%- elif column.kind != 'time' and given > read -%}
                    {%- do sentences.append((given - read) ~ ' of ' ~ given ~ ' ' ~ values ~ ' cannot be ' ~ column.kind ~ ' and are null: correct them, or the type under pass_through_columns.') -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(sentences) }}
{% endmacro %}

{#- Pre-hook of the model that reads the sources. -#}
{% macro say_unread_values() %}
    {%- if execute -%}
        {%- for sentence in unread_values() -%}
            {%- do say(sentence) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- The columns of a place that have another type, as a list of {name, kind (time or a type), source: {name, type}}. -#}
{% macro converted_columns(collection, place, passed_columns) %}
    {%- set present, converted = by_name(place_columns(place)), [] -%}
    {%- for column in segment_columns(collection) if column.kind == 'time' and column.name in present -%}
        {%- set source = present[column.name] -%}
        {%- if not source.type.startswith('timestamp') and source.type != 'date' -%}
            {%- do converted.append({'name': column.name, 'kind': 'time', 'source': source}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in passed_columns if collection in ['tracks', 'pages', 'screens'] -%}
        {%- set source = present.get(column.name, present.get(column.name | lower)) -%}
        {%- if source and column.type | lower not in ['text', 'varchar', source.type] -%}
            {%- do converted.append({'name': column.name, 'kind': column.type, 'source': source}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(converted) }}
{% endmacro %}

{#-
    Query: for each of these columns, the number of values that are not blank, and how many of them can be read. For times alone,
    100,000 rows are enough.
-#}
{% macro count_values(collection, place, converted, every_row) -%}
    select
    {%- for column in converted %}
        count(given_{{ loop.index }}), count(case when given_{{ loop.index }} is not null then read_{{ loop.index }} end){{ ',' if not loop.last }}
    {%- endfor %}
    from (
        select
        {%- for column in converted %}
            nullif(trim(cast({{ quoted_name(column.source.name) }} as text)), '') as given_{{ loop.index }},
            {{ source_value(column.source, 'time') if column.kind == 'time' else passed_value(column.source, column.kind) }} as read_{{ loop.index }}
            {{- ',' if not loop.last }}
        {%- endfor %}
        from {{ place_relation(place) }}
        where {{ 'true' if every_row else rows_to_read(collection, place, by_name(place_columns(place))) }}
        {{ 'limit 100000' if converted | rejectattr('kind', 'eq', 'time') | list | length == 0 }}
    ) as looked_at
{%- endmacro %}
