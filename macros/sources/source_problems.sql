{#- A sentence for each reason why the configured sources cannot be read. -#}
{% macro source_problems() %}
    {%- set problems, read_from, looked_at, configured = [], [], [], var('sources') or {} -%}
    {%- if configured is not mapping -%}
        {{ return(['sources must be collections and where they are, such as {tracks: {schema: segment, table: tracks}}, not ' ~ tojson(configured) ~ ': correct it under vars.']) }}
    {%- endif -%}
    {%- set required = {'tracks': ['id'], 'pages': ['id'], 'screens': ['id'], 'identifies': ['id'], 'aliases': ['id']} -%}
    {%- do required.update(business_sources()) -%}
    {%- for name in configured if name not in required and name != 'schemas' -%}
        {%- do problems.append('sources.' ~ name ~ ' is not a collection (' ~ required.keys() | join(', ') ~ '): correct it under vars.') -%}
    {%- endfor -%}
    {%- for name, columns in required.items() -%}
        {%- set places = source_places(name) -%}
        {%- if places | map(attribute='label') | unique | list | length < places | length -%}
            {%- do problems.append('sources.' ~ name ~ ' names a place twice (' ~ places | map(attribute='label') | join(', ') ~ '): remove one.') -%}
        {%- endif -%}
        {%- if places | length > 1 and name in business_sources() -%}
            {%- do problems.append('sources.' ~ name ~ ' must be one place, not ' ~ places | length ~ ': make a view of them.') -%}
        {%- endif -%}
        {%- for place in places -%}
            {%- do problems.extend(place_problems(name, place, columns)) -%}
            {%- if name in ['tracks', 'pages', 'screens'] -%}
                {%- do (read_from if place_columns(place) else looked_at).append(place.label) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for schema in as_list(configured.get('schemas') or []) -%}
        {%- set present = [] -%}
        {%- for collection in collections() -%}
            {%- do present.extend(present_places(collection) | selectattr('schema', 'equalto', schema | string)) -%}
        {%- endfor -%}
        {%- if not present -%}
            {%- do problems.append('The schema ' ~ schema ~ ' (sources.schemas) has none of ' ~ collections() | join(', ') ~ ' that can be read: correct the name under vars, or remove it.') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not read_from -%}
        {%- set is_script = env_var('SIGNUP_ATTRIBUTION_RUN', '') or flags.WHICH == 'run-operation' -%}
        {%- do problems.append('None of tracks, pages and screens was found' ~ (' (looked at ' ~ looked_at | join(', ') ~ ')' if looked_at else '') ~ ': name the tables with the messages in sources, under vars, or run scripts/init.py, which finds them.' ~ ('' if is_script else ' dbt does not read my_site.yml by itself: give it --vars "$(cat my_site.yml)".')) -%}
    {%- endif -%}
    {{ return(problems) }}
{% endmacro %}

{#- A sentence for each reason why a place cannot be read as this source, which needs these columns. -#}
{% macro place_problems(name, place, required) %}
    {%- set problems = reading_problems(place.schema, place.table, place.names) if not place.files else [] -%}
    {%- set columns = by_name(place_columns(place)) -%}
    {%- if not columns and not place.is_optional and not problems -%}
        {%- do problems.append(('No file matches ' if place.files else 'The source table does not exist: ') ~ place.label ~ ' (sources.' ~ name ~ '): create it, correct the name under vars, or mark it `optional: true`.') -%}
    {%- endif -%}
    {%- for column in required if columns and column not in columns -%}
        {%- do problems.append('The required column ' ~ column ~ ' is missing in ' ~ place.label ~ ' (sources.' ~ name ~ '): add it, or correct the name under vars.') -%}
    {%- endfor -%}
    {{ return(problems) }}
{% endmacro %}
