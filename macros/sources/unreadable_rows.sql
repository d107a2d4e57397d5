{#- Query on the rows of files that cannot be parsed, as rejected_events lists them. A sample has none, as they belong to nobody. -#}
{% macro unreadable_rows() -%}
    {%- set rows = [] -%}
    {%- for collection in collections() if execute and var('sample') is none -%}
        {%- for place in source_places(collection) if place.files -%}
            {%- for row in file_facts(place.files, place.names).unreadable -%}
                {%- set hash = local_md5(tojson([collection, row.file, row.line, row.hash])) -%}
                {%- set values = [quoted(collection), quoted(place.label), quoted(row.file), quoted(hash), row.line or 'cast(null as bigint)', row.row_count] -%}
                {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    select message_type, source_place, source_file, content_hash, source_line, row_count
    from (
        values
        {{ rows | join(',\n        ') if rows else "('', '', '', '', cast(null as bigint), 0)" }}
    ) as unreadable_rows (message_type, source_place, source_file, content_hash, source_line, row_count)
    {{ 'where false' if not rows }}
{%- endmacro %}

{#- A sentence for each place with rows that cannot be parsed. -#}
{% macro unreadable_sentences() %}
    {%- set sentences = [] -%}
    {%- for name in collections() + business_sources().keys() | list -%}
        {%- for place in source_places(name) if place.files -%}
            {%- set rows = file_facts(place.files, place.names).unreadable -%}
            {%- if rows -%}
                {%- set count = rows | sum(attribute='row_count') -%}
                {%- do sentences.append(
                    count ~ (' row' if count == 1 else ' rows') ~ ' of ' ~ place.label ~ ' (sources.' ~ name ~ ') cannot be read, the first is line '
                    ~ rows[0].line ~ ' of ' ~ rows[0].file ~ ': they were left out'
                    ~ (', and rejected_events lists them.' if name in collections() else '.')) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(sentences) }}
{% endmacro %}
