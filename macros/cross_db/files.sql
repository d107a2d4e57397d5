{#- Files as sources: DuckDB reads Parquet, CSV and JSON in place. -#}
{% macro read_files(files) -%}
    {{ adapter.dispatch('read_files', 'signup_attribution')(files) }}
{%- endmacro %}

{% macro default__read_files(files) -%}
    {%- do stop('Files (' ~ files ~ ') can be read on DuckDB only: name a schema and table under vars, sources.') -%}
{%- endmacro %}

{#- Files of several ages may have several columns: union_by_name fills in nulls. -#}
{% macro duckdb__read_files(files) -%}
    {%- set lowered = files | lower -%}
    {%- set reader = 'read_json' if '.json' in lowered or '.ndjson' in lowered else 'read_csv' if '.csv' in lowered or '.tsv' in lowered else 'read_parquet' -%}
    {{ reader }}({{ quoted(files) }}, union_by_name = true)
{%- endmacro %}

{#- Rows of (column name, type) of all files together; none when no file matches. -#}
{% macro file_columns(files) %}
    {{ return(adapter.dispatch('file_columns', 'signup_attribution')(files)) }}
{% endmacro %}

{% macro default__file_columns(files) %}
    {%- do read_files(files) -%}
{% endmacro %}

{% macro duckdb__file_columns(files) %}
    {%- if run_query('select count(*) from glob(' ~ quoted(files) ~ ')').rows[0][0] == 0 -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query('describe select * from ' ~ read_files(files)).rows) }}
{% endmacro %}
