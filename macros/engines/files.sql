{#- Files as sources: DuckDB reads Parquet, CSV and JSON in place. -#}

{#-
    The relation, after `from`, of the readable rows of files. names: of the columns in use. Older and newer files may have different
    columns: union by name fills in nulls. CSV and JSON are read as text, because DuckDB's type detection would change ids that look
    like a number or a UUID.
-#}
{% macro read_files(files, names) -%}
    {%- set readers = file_facts(files, names).readers -%}
    {%- if readers | length == 1 -%}
        {{ readers[0] }}
    {%- else -%}
        (select * from {{ readers | join(' union all by name select * from ') }}) as files
    {%- endif -%}
{%- endmacro %}

{#-
    Facts about files, as a mapping, looked up once per run: columns (a list of {name, type}; none when no file matches), readers (pieces
    of SQL that each read some of the files), and unreadable: rows that cannot be parsed, as a list of {file, line, hash, row_count}, in
    which the rows of a file after the first hundred share one entry without a line.
-#}
{% macro file_facts(files, names) %}
    {%- set facts = run_cache('files ' ~ files ~ ' ' ~ tojson(names)) -%}
    {%- if not facts -%}
        {%- do facts.update(adapter.dispatch('file_facts', 'signup_attribution')(files, names)) -%}
    {%- endif -%}
    {{ return(facts) }}
{% endmacro %}

{% macro default__file_facts(files, names) %}
    {%- do stop('Files (' ~ files ~ ') can be read on DuckDB only: name a schema and table under vars, sources.') -%}
{% endmacro %}

{% macro duckdb__file_facts(files, names) %}
    {%- set lowered, found = files | lower, run_query('select file from glob(' ~ quoted(files) ~ ') order by file').columns[0].values() | list -%}
    {%- if not found -%}
        {{ return({'columns': [], 'readers': [], 'unreadable': []}) }}
    {%- elif '.json' in lowered or '.ndjson' in lowered -%}
        {{ return(json_facts(found, names)) }}
    {%- elif '.csv' in lowered or '.tsv' in lowered -%}
        {{ return(csv_facts(found, names)) }}
    {%- endif -%}
    {%- set reader, columns = 'read_parquet(' ~ quoted(files) ~ ', union_by_name = true)', [] -%}
    {%- for name, type in run_query('select column_name, column_type from (describe select * from ' ~ reader ~ ')').rows -%}
        {%- do columns.append({'name': name, 'type': type | lower}) -%}
    {%- endfor -%}
    {{ return({'columns': columns, 'readers': [reader], 'unreadable': []}) }}
{% endmacro %}

{#- Files as a list that DuckDB's readers take. -#}
{% macro path_list(files) -%}
    [{% for file in files %}{{ quoted_path(file) }}{{ ', ' if not loop.last }}{% endfor %}]
{%- endmacro %}

{#-
    The files that are neither empty nor larger than 256 MB, in lists of no more than that together: DuckDB holds the contents of all files of
    one statement at once.
-#}
{% macro lists_of_contents(files) %}
    {%- set lists, limit, last = [], 268435456, namespace(size=0) -%}
    {%- set sizes = 'select filename, size from read_blob(' ~ path_list(files) ~ ') where size between 1 and ' ~ limit ~ ' order by filename' -%}
    {%- for file, size in (run_query(sizes).rows if files else []) -%}
        {%- if not lists or last.size + size > limit -%}
            {%- do lists.append([]) -%}
            {%- set last.size = 0 -%}
        {%- endif -%}
        {%- do lists[-1].append(file) -%}
        {%- set last.size = last.size + size -%}
    {%- endfor -%}
    {{ return(lists) }}
{% endmacro %}

{#- The path of one file. A reader takes it for a glob, in which `[1]` means `1`; an address on the web is none. -#}
{% macro quoted_path(file) -%}
    {{ quoted(file if file.startswith('http') else file.replace('[', '[[]').replace('*', '[*]').replace('?', '[?]')) }}
{%- endmacro %}

{#- Columns of text as DuckDB's readers want them: name -> type. -#}
{% macro text_columns(names) -%}
    {{ '{' }}{% for name in names %}{{ quoted_name(name) }}: 'VARCHAR'{{ ', ' if not loop.last }}{% endfor %}{{ '}' }}
{%- endmacro %}

{#- A call of read_csv; rejects: a number by which to name the table of the rows that it leaves out. -#}
{% macro csv_call(files, columns, options, rejects=none) -%}
    read_csv({{ path_list(files) }}, auto_detect = false, columns = {{ text_columns(columns) }}, {{ options }},
        {{ "store_rejects = true, rejects_limit = 0, rejects_table = 'unreadable_" ~ rejects ~ "', rejects_scan = 'scanned_" ~ rejects ~ "'"
            if rejects is not none else 'ignore_errors = true' }})
{%- endmacro %}

{#- A number that is unique in this run. -#}
{% macro new_number() %}
    {%- set last = run_cache('numbers') -%}
    {%- do last.update({'number': last.get('number', 0) + 1}) -%}
    {{ return(last.number) }}
{% endmacro %}

{#- Files line by line, in a column `line`. In strict mode DuckDB would refuse a file with line ends of several kinds. -#}
{% macro lines_of(files, rejects=none, options='') -%}
    {{ csv_call(
        files, ['line'], "delim = '\\0', quote = '', escape = '', header = false, strict_mode = false, max_line_size = 16777216" ~ options, rejects) }}
{%- endmacro %}

{#-
    The unreadable lines of one file, as file_facts lists them. bad: a query (position, line) that finds them among `numbered`, the
    lines that are valid text. options: for lines_of.
-#}
{% macro listed_lines(file, bad, options='') %}
    {%- set number = new_number() -%}
    {%- set listed = 'unreadable_lines_' ~ number -%}
    {%- do run_query(
        'create or replace temporary table ' ~ listed ~ ' as with numbered as (select row_number() over () as position, line from '
        ~ lines_of([file], number, options) ~ ') ' ~ bad) -%}
    {%- set query -%}
        with not_text as (
            select line, max(csv_line) as text, row_number() over (order by line) as place from unreadable_{{ number }}
            group by line
        ),

        first_lines as (
            select position + (select count(*) from not_text where not_text.line - not_text.place < position) as line, line as text
            from (select * from {{ listed }} order by position limit 100) as listed
            union all
            select line, text from not_text where place <= 100
        )

        select line, md5(text), (select count(*) from {{ listed }}) + (select count(*) from not_text) from first_lines
        order by line
        limit 100
    {%- endset -%}
    {%- set rows = [] -%}
    {%- for line, hash, row_count in run_query(query).rows -%}
        {%- do rows.append({'file': file, 'line': line, 'hash': hash, 'row_count': row_count}) -%}
    {%- endfor -%}
    {{ return(first_hundred(rows)) }}
{% endmacro %}

{#- The first rows of a file, each with the number of all of them, as file_facts lists them. -#}
{% macro first_hundred(rows) %}
    {%- set listed = [] -%}
    {%- for row in rows -%}
        {%- do listed.append({'file': row.file, 'line': row.line | int, 'hash': row.hash, 'row_count': 1}) -%}
    {%- endfor -%}
    {%- if rows and rows[0].row_count > rows | length -%}
        {%- set others = (rows[0].row_count - rows | length) | int -%}
        {%- do listed.append({'file': rows[0].file, 'line': none, 'hash': others | string, 'row_count': others}) -%}
    {%- endif -%}
    {{ return(listed) }}
{% endmacro %}
