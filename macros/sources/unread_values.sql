{#-
    Values of source columns that could not be read: a time column without a single time, values of a typed column of
    pass_through_columns that do not fit its type, or values of money and surveys. Only columns that need a conversion are checked.
-#}

{#- Sentences about them. every_row: about the times of all source rows, instead of the rows that this refresh reads. -#}
{% macro unread_values(every_row=false) %}
    {%- set sentences = [] -%}
    {%- for collection in collections() -%}
        {%- for place in present_places(collection) -%}
            {%- set converted = converted_columns(collection, place, [] if every_row else pass_through_columns()) -%}
            {%- set counts = run_query(count_values(place, converted, rows_to_check(collection, place, converted, every_row))).rows[0] if converted else [] -%}
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
    {%- do sentences.extend(unread_business_values()) -%}
    {{ return(sentences) }}
{% endmacro %}

{#- The same of the business tables, which every refresh reads whole: one value of many is money that the marts lack. -#}
{% macro unread_business_values() %}
    {%- set sentences = [] -%}
    {%- set forms = {'day': 'YYYY-MM-DD', 'time': 'timestamps, ISO 8601, or whole numbers since 1970', 'number': 'numbers such as 1234.5',
                     'interval': 'week, month or year'} -%}
    {%- for name in business_sources() -%}
        {%- for place in present_places(name) -%}
            {%- set present, converted = by_name(place_columns(place)), [] -%}
            {%- for column, kind in business_columns(name).items() if kind in forms and column in present -%}
                {%- set type = present[column].type -%}
                {%- set is_typed = number_kind(type) if kind == 'number' else kind != 'interval' and (type.startswith('timestamp') or type == 'date') -%}
                {%- do converted.append({'name': column, 'kind': kind, 'source': present[column], 'value': business_value(present[column], kind)}) if not is_typed -%}
            {%- endfor -%}
            {%- set counts = run_query(count_values(place, converted)).rows[0] if converted else [] -%}
            {%- for column in converted -%}
                {%- set given, read = counts[2 * loop.index0], counts[2 * loop.index0 + 1] -%}
                {%- if given > read -%}
                    {%- do sentences.append((given - read) ~ ' of ' ~ given ~ ' values of ' ~ column.name ~ ' in ' ~ place.label ~ ' (' ~ column.source.type ~ ') cannot be read and count as missing: write ' ~ forms[column.kind] ~ '.') -%}
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

{#- The columns of a place that have another type, as a list of {name, kind (time or a type), source: {name, type}, value (as it is read)}. -#}
{% macro converted_columns(collection, place, passed_columns) %}
    {%- set present, converted = by_name(place_columns(place)), [] -%}
    {%- for column in segment_columns(collection) if column.kind == 'time' and column.name in present -%}
        {%- set source = present[column.name] -%}
        {%- if not source.type.startswith('timestamp') and source.type != 'date' -%}
            {%- do converted.append({'name': column.name, 'kind': 'time', 'source': source, 'value': source_value(source, 'time')}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in passed_columns if collection in ['tracks', 'pages', 'screens'] -%}
        {%- set source = present.get(column.name, present.get(column.name | lower)) -%}
        {%- if source and column.type | lower not in ['text', 'varchar', source.type] -%}
            {%- do converted.append({'name': column.name, 'kind': column.type, 'source': source, 'value': passed_value(source, column.type)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(converted) }}
{% endmacro %}

{#- What follows `where` to check these columns; for times alone, 100,000 rows are enough. -#}
{% macro rows_to_check(collection, place, converted, every_row) -%}
    {{ 'true' if every_row else rows_to_read(collection, place, by_name(place_columns(place))) }}
    {{ 'limit 100000' if converted | rejectattr('kind', 'eq', 'time') | list | length == 0 }}
{%- endmacro %}

{#- Query: for each of these columns, the number of values that are not blank, and how many of them can be read. -#}
{% macro count_values(place, converted, rows='true') -%}
    select
    {%- for column in converted %}
        count(given_{{ loop.index }}), count(case when given_{{ loop.index }} is not null then read_{{ loop.index }} end){{ ',' if not loop.last }}
    {%- endfor %}
    from (
        select
        {%- for column in converted %}
            nullif({{ without_blanks('cast(' ~ quoted_name(column.source.name) ~ ' as text)') }}, '') as given_{{ loop.index }},
            {{ column.value }} as read_{{ loop.index }}
            {{- ',' if not loop.last }}
        {%- endfor %}
        from {{ place_relation(place) }}
        where {{ rows }}
    ) as looked_at
{%- endmacro %}
