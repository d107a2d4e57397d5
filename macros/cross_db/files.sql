{#- Files as sources: DuckDB reads Parquet, CSV and JSON in place. -#}
{% macro read_files(files) -%}
    {{ adapter.dispatch('read_files', 'signup_attribution')(files) }}
{%- endmacro %}

{% macro default__read_files(files) -%}
    {%- do stop('Files (' ~ files ~ ') can be read on DuckDB only: name a schema and table under vars, sources.') -%}
{%- endmacro %}

{#-
    Files of several ages may have several columns: union_by_name fills in nulls. CSV and JSON are read as text: DuckDB's guess
    at types would change ids that look like a number or a UUID.
-#}
{% macro duckdb__read_files(files) -%}
    {%- set lowered = files | lower -%}
    {%- if is_json(files) -%}
        {%- set columns = [] -%}
        {%- for row in file_columns(files) -%}
            {%- do columns.append(adapter.quote(row[0]) ~ ": 'VARCHAR'") -%}
        {%- endfor -%}
        read_json({{ quoted(files) }}, union_by_name = true, columns = {{ '{' }}{{ columns | join(', ') }}{{ '}' }})
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
    {%- set found = remembered('columns of ' ~ files) -%}
    {%- if 'rows' not in found -%}
        {%- do found.update({'rows': adapter.dispatch('file_columns', 'signup_attribution')(files)}) -%}
    {%- endif -%}
    {{ return(found.rows) }}
{% endmacro %}

{% macro default__file_columns(files) %}
    {%- do read_files(files) -%}
{% endmacro %}

{% macro duckdb__file_columns(files) %}
    {%- if run_query('select count(*) from glob(' ~ quoted(files) ~ ')').rows[0][0] == 0 -%}
        {{ return([]) }}
    {%- endif -%}
    {%- if is_json(files) -%}
        {{ return(run_query("select column_name, 'VARCHAR' from (describe select * from read_json(" ~ quoted(files) ~ ', union_by_name = true, sample_size = -1))').rows) }}
    {%- endif -%}
    {{ return(run_query('describe select * from ' ~ read_files(files)).rows) }}
{% endmacro %}
