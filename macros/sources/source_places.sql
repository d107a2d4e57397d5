{#-
    Where a collection's messages are, from the variable `sources`: a list of places, empty when it is not configured. Each is a
    mapping with label (a short name: schema.table, or the files), is_optional, names (of the columns to read, ignoring case), and
    either database, schema and table, or files (DuckDB: a glob of Parquet, CSV or JSON).
-#}
{% macro source_places(collection) %}
    {%- set configured = var('sources') if var('sources') is mapping else {} -%}
    {%- set entry = configured.get(collection) -%}
    {%- if configured.get('schemas') and collection in collections() and collection not in configured -%}
        {#- `sources: {schemas: [web, ios]}`: whichever of the collections these schemas have -#}
        {%- set entry = {'schemas': configured.schemas, 'optional': true} -%}
    {%- endif -%}
    {%- set places = [] -%}
    {%- for one in (as_list(entry) if entry else []) -%}
        {%- if one is not mapping or not (one.get('files') or one.get('table') or one.get('schemas')) -%}
            {%- do stop('sources.' ~ collection ~ ' must name a schema and table (or files on DuckDB), not ' ~ tojson(one) ~ ': correct it under vars.') -%}
        {%- endif -%}
        {%- for files in as_list(one.get('files') or []) -%}
            {%- do places.append({
                'label': files | string, 'is_optional': one.get('optional', false), 'names': used_columns(collection), 'files': files | string
            }) -%}
        {%- endfor -%}
        {%- for schema in as_list(one.get('schemas') or one.get('schema', target.schema)) if not one.get('files') -%}
            {%- set database, table = one.get('database', target.database), one.get('table', collection) | string -%}
            {%- do places.append({
                'label': (database ~ '.' if database != target.database else '') ~ schema ~ '.' ~ table,
                'is_optional': one.get('optional', false), 'names': used_columns(collection), 'files': none,
                'database': database, 'schema': schema | string, 'table': table
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(places) }}
{% endmacro %}

{#- One thing or a list of them, as a list. -#}
{% macro as_list(value) %}
    {{ return([value] if value is string or value is mapping or value is not iterable else value) }}
{% endmacro %}

{#- The collections of Segment's warehouse layout that are read; the first three hold session events. -#}
{% macro collections() %}
    {{ return(['tracks', 'pages', 'screens', 'identifies', 'aliases']) }}
{% endmacro %}

{#- What follows `from` to read a place. -#}
{% macro place_relation(place) -%}
    {%- if place.files -%}
        {{ read_files(place.files, place.names) }}
    {%- else -%}
        {{ quoted_name(place.database) ~ '.' if place.database }}{{ quoted_name(place.schema) }}.{{ quoted_name(place.table) }}
    {%- endif -%}
{%- endmacro %}

{#- The current columns of a place, as a list of {name, type}; empty if it does not exist (yet). Looked up once per run. -#}
{% macro place_columns(place) %}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- if place.files -%}
        {{ return(file_facts(place.files, place.names).columns) }}
    {%- endif -%}
    {%- set found = run_cache('columns of ' ~ place.label) -%}
    {%- if 'columns' not in found -%}
        {%- set columns = [] -%}
        {%- for row in table_columns(place) -%}
            {%- do columns.append({'name': row[0], 'type': row[1] | lower}) -%}
        {%- endfor -%}
        {%- do found.update({'columns': columns}) -%}
    {%- endif -%}
    {{ return(found.columns) }}
{% endmacro %}

{#- The places of a collection that exist now. -#}
{% macro present_places(collection) %}
    {%- set present = [] -%}
    {%- for place in source_places(collection) if place_columns(place) -%}
        {%- do present.append(place) -%}
    {%- endfor -%}
    {{ return(present) }}
{% endmacro %}

{#- The files of all sources. -#}
{% macro source_files() %}
    {%- set files = [] -%}
    {%- for name in collections() + business_sources().keys() | list -%}
        {%- do files.extend(source_places(name) | map(attribute='files') | select | list) -%}
    {%- endfor -%}
    {{ return(files) }}
{% endmacro %}

{#-
    Columns by name, and by their name in lower case: of several that differ only in case, the one in lower case, as in the layout.
    (Anybody who sends events can add a column named ID.)
-#}
{% macro by_name(columns) %}
    {%- set found = {} -%}
    {%- for column in columns -%}
        {%- do found.setdefault(column.name | lower, column) -%}
    {%- endfor -%}
    {%- for column in columns -%}
        {%- do found.update({column.name: column}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
