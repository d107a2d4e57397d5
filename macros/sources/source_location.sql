{#-
    Where a collection's messages are, from the variable `sources`: none when it is not configured, else a mapping with
    label (for messages), is_optional, and either relation (a table) or files (DuckDB: a glob of Parquet, CSV or JSON).
-#}
{% macro source_location(collection) %}
    {%- set configured = var('sources') or {} -%}
    {%- set place = configured.get(collection) -%}
    {%- if not place -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if place is not mapping or not (place.get('files') or place.get('table')) -%}
        {%- do stop('sources.' ~ collection ~ ' must name a schema and table (or files on DuckDB), not ' ~ tojson(place) ~ ': correct it under vars.') -%}
    {%- endif -%}
    {%- if place.get('files') -%}
        {{ return({'label': place.files, 'is_optional': place.get('optional', false), 'files': place.files, 'relation': none}) }}
    {%- endif -%}
    {%- set relation = api.Relation.create(
        database=place.get('database', target.database), schema=place.get('schema', target.schema), identifier=place.table
    ) -%}
    {{ return({'label': relation.schema ~ '.' ~ relation.identifier, 'is_optional': place.get('optional', false), 'files': none, 'relation': relation}) }}
{% endmacro %}

{#- The collections of Segment's warehouse layout that are read; the first three hold session events. -#}
{% macro collections() %}
    {{ return(['tracks', 'pages', 'screens', 'identifies', 'aliases']) }}
{% endmacro %}

{#- Columns a collection has now, as a list of {name, type}; empty when it is not configured or does not exist (yet). -#}
{% macro source_columns(collection) %}
    {%- set place = source_location(collection) if execute else none -%}
    {%- if place is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- if place.files -%}
        {%- do columns.extend(columns_of_files(place.files)) -%}
    {%- else -%}
        {%- set found = adapter.get_relation(place.relation.database, place.relation.schema, place.relation.identifier) -%}
        {%- for column in (adapter.get_columns_in_relation(found) if found is not none else []) -%}
            {%- do columns.append({'name': column.name, 'type': column.data_type | lower}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{% endmacro %}

{#-
    Columns by name, and by their name in lower case: of several that differ in case only, the one in lower case, which is how the
    layout writes it. (Anybody who sends events may add a column that is called ID.)
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

{#- Stops with one sentence when the configured sources cannot be read. -#}
{% macro check_sources() %}
    {%- for problem in source_problems() -%}
        {%- do stop(problem) -%}
    {%- endfor -%}
{% endmacro %}

{#- A sentence for each reason why the configured sources cannot be read. -#}
{% macro source_problems() %}
    {%- set problems = [] -%}
    {%- set read_from = [] -%}
    {%- set looked_at = [] -%}
    {%- set known = collections() + business_sources().keys() | list -%}
    {%- for name in (var('sources') or {}) if name not in known -%}
        {%- do problems.append('sources.' ~ name ~ ' is not a collection (' ~ known | join(', ') ~ '): correct it under vars.') -%}
    {%- endfor -%}
    {%- do problems.extend(business_problems()) -%}
    {%- for collection in collections() -%}
        {%- set place = source_location(collection) -%}
        {%- if place is not none -%}
            {%- set columns = source_columns(collection) | map(attribute='name') | map('lower') | list -%}
            {%- do looked_at.append(place.label) -%}
            {#- a table that may not be read looks as if it had no columns -#}
            {%- set denied = reading_problems(place.relation) if not columns and place.relation is not none else [] -%}
            {%- do problems.extend(denied) -%}
            {%- if not columns and not place.is_optional and not denied -%}
                {%- do problems.append(('No file matches ' if place.files else 'The source table does not exist: ') ~ place.label ~ ' (sources.' ~ collection ~ '): create it, correct the name under vars, or mark it `optional: true`.') -%}
            {%- endif -%}
            {%- if columns and 'id' not in columns -%}
                {%- do problems.append('The required column id is missing in ' ~ place.label ~ ' (sources.' ~ collection ~ '): add it, or correct the name under vars.') -%}
            {%- endif -%}
            {%- if columns and collection in ['tracks', 'pages', 'screens'] -%}
                {%- do read_from.append(collection) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not read_from -%}
        {%- do problems.append('None of tracks, pages and screens was found' ~ (' (looked at ' ~ looked_at | join(', ') ~ ')' if looked_at else '') ~ ': say under vars, sources, where the messages are.') -%}
    {%- endif -%}
    {{ return(problems) }}
{% endmacro %}
