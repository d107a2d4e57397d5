{#-
    Files as sources: DuckDB reads Parquet, CSV and JSON in place. names: of the columns that are used, which are all that the keys
    of JSON files, where anybody may have put any, are taken for.
-#}
{% macro read_files(files, names=[]) -%}
    {{ adapter.dispatch('read_files', 'signup_attribution')(files, names) }}
{%- endmacro %}

{% macro default__read_files(files, names) -%}
    {%- do stop('Files (' ~ files ~ ') can be read on DuckDB only: name a schema and table under vars, sources.') -%}
{%- endmacro %}

{#-
    Files of several ages may have several columns: union_by_name fills in nulls. CSV and JSON are read as text: DuckDB's guess
    at types would change ids that look like a number or a UUID.
-#}
{% macro duckdb__read_files(files, names) -%}
    {%- set lowered = files | lower -%}
    {%- if is_json(files) -%}
        {%- set found, columns = by_name(place_columns({'label': files, 'files': files})), {} -%}
        {%- for name in names if name in found or name | lower in found -%}
            {%- set key = found.get(name, found.get(name | lower)).name -%}
            {%- do columns.update({key | lower: quoted_name(key) ~ ": 'VARCHAR'"}) -%}
        {%- endfor -%}
        read_json({{ quoted(files) }}, records = true, columns = {{ '{' }}{{ columns.values() | join(', ') }}{{ '}' }})
    {%- elif '.csv' in lowered or '.tsv' in lowered -%}
        read_csv({{ quoted(files) }}, union_by_name = true, all_varchar = true)
    {%- else -%}
        read_parquet({{ quoted(files) }}, union_by_name = true)
    {%- endif -%}
{%- endmacro %}

{#- True for a glob of JSON files. -#}
{% macro is_json(files) %}
    {{ return('.json' in files | lower or '.ndjson' in files | lower) }}
{% endmacro %}

{#- Rows of (column name, type) of all files together; none when no file matches. -#}
{% macro file_columns(files) %}
    {{ return(adapter.dispatch('file_columns', 'signup_attribution')(files)) }}
{% endmacro %}

{% macro default__file_columns(files) %}
    {%- do read_files(files) -%}
{% endmacro %}

{#- The keys of JSON objects are asked for one by one: DuckDB's own guess takes objects of many keys for one column of maps. -#}
{% macro duckdb__file_columns(files) %}
    {%- if run_query('select count(*) from glob(' ~ quoted(files) ~ ')').rows[0][0] == 0 -%}
        {{ return([]) }}
    {%- endif -%}
    {%- if is_json(files) -%}
        {%- set keys -%}
            select json_key, 'VARCHAR' from (
                select distinct unnest(json_keys(json)) as json_key from read_json_objects({{ quoted(files) }})
                where json_type(json) = 'OBJECT'
            ) as keys
            -- a text of SQL ends at such a character
            where not contains(json_key, chr(0))
            order by json_key
        {%- endset -%}
        {{ return(run_query(keys).rows) }}
    {%- endif -%}
    {{ return(run_query('describe select * from ' ~ read_files(files)).rows) }}
{% endmacro %}
