{#-
    CSV as a source: a header, fields in double quotes where needed, any delimiter. The header decides the number of fields; a row
    that has more or fewer, or is not valid text, is left out on its own. A quote that is never closed would hide all rows after
    it, and DuckDB reads no file with line ends of several kinds, so such files are read line by line.
-#}
{% macro csv_facts(files, names) %}
    {%- set facts, groups = {'columns': [], 'readers': [], 'unreadable': []}, {} -%}
    {%- set odd = odd_csv(files) -%}
    {%- for file, delimiter, header in csv_headers(files, odd) -%}
        {%- set group = groups.setdefault(delimiter ~ header, {'delimiter': fromjson(delimiter), 'header': [], 'files': []}) -%}
        {%- do group.files.append(file) -%}
        {%- if '\\u0000' in header -%}
            {%- do stop('The header of ' ~ file ~ ' is not UTF-8 text: convert the file.') -%}
        {%- endif -%}
        {%- for name in (fromjson(header) if group.files | length == 1 else []) -%}
            {#- the quotes remain if a neighbouring row has unclosed ones -#}
            {%- do group.header.append(name[1:-1].replace('""', '"') if name | length > 1 and name[0] == name[-1] == '"' else name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for group in groups.values() -%}
        {%- set known = facts.columns | map(attribute='name') | map('lower') | list -%}
        {%- set columns = [] -%}
        {%- for name in group.header -%}
            {%- do columns.append({'name': name, 'type': 'varchar'}) -%}
        {%- endfor -%}
        {%- do facts.columns.extend(columns | rejectattr('name', 'in', known) | list) -%}
        {%- set present = by_name(columns) -%}
        {%- set used = [] -%}
        {%- for name in names if name in present or name | lower in present -%}
            {%- do used.append(present.get(name, present.get(name | lower)).name) -%}
        {%- endfor -%}
        {%- set regular = group.files | reject('in', odd) | list -%}
        {%- set unreadable = csv_rejects(regular, group, used) if regular else [] -%}
        {%- set torn = unreadable | selectattr('is_torn') | map(attribute='file') | list + group.files | select('in', odd) | list -%}
        {%- set whole = group.files | reject('in', torn) | list -%}
        {%- if whole -%}
            {%- do facts.readers.append(csv_call(whole, group.header, csv_options(group.delimiter))) -%}
        {%- endif -%}
        {%- for file, rows in unreadable | rejectattr('file', 'in', torn) | groupby('file') -%}
            {%- do facts.unreadable.extend(first_hundred(rows)) -%}
        {%- endfor -%}
        {%- for file in torn | unique(case_sensitive=true) -%}
            {%- set options = odd.get(file, {}).get('options', '') -%}
            {%- do facts.readers.append(torn_csv(file, group, used, options)) -%}
            {%- do facts.unreadable.extend(listed_lines(file, torn_lines(group) ~ ' select position, line from pieces where not is_row', options)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(facts) }}
{% endmacro %}

{#-
    Rows of (file, delimiter, names in its header), the latter two as JSON, for each file that is not empty. In one statement, DuckDB's
    time would grow with the square of the number of files. odd: as odd_csv says; in strict mode DuckDB refuses line ends of several kinds,
    and otherwise a quote that is not closed.
-#}
{% macro csv_headers(files, odd) -%}
    {%- set headers = [] -%}
    {%- set not_empty = 'select filename from read_blob(' ~ path_list(files) ~ ') where size > 0 order by filename' -%}
    {%- for some in run_query(not_empty).columns[0].values() | batch(50) -%}
        {%- set queries = [] -%}
        {%- for file in some -%}
            {%- do queries.append(
                'select ' ~ quoted(file) ~ ', to_json(delimiter), to_json(list_transform(columns, lambda one: one.name)) '
                ~ 'from sniff_csv(' ~ quoted_path(file) ~ ', header = true, all_varchar = true, sample_size = 1, ignore_errors = true, max_line_size = 16777216'
                ~ (', strict_mode = false)' if odd.get(file, {}).has_mixed_ends else ')')) -%}
        {%- endfor -%}
        {%- do headers.extend(run_query(queries | join(' union all ')).rows) -%}
    {%- endfor -%}
    {{ return(headers) }}
{%- endmacro %}

{#-
    Files that have to be read line by line, as file -> {has_mixed_ends, options for lines_of}. Read_csv stops at line ends of several
    kinds, unless they are inside quotes; and when there are many files, it says nothing of a quote that is still open at the end of one, which
    an odd number of quotes tells. Files that are too large to look at count as regular.
-#}
{% macro odd_csv(files) %}
    {%- set odd = {} -%}
    {%- for some in lists_of_contents(files) -%}
        {%- set query -%}
            with texts as (
                -- as text that is not valid, a blob has \xNN for what is not ASCII, and for line ends
                select
                    filename,
                    coalesce(
                        try(decode(content)),
                        replace(replace(replace(cast(content as text), '\x0D', chr(13)), '\x0A', chr(10)), '\x22', '"')
                    ) as text
                from read_blob({{ path_list(some) }})
            ),

            outside_quotes as (
                select
                    filename,
                    (length(text) - length(replace(text, '"', ''))) % 2 = 1 as has_open_quote,
                    case when contains(text, chr(13)) then regexp_replace(text, '"[^"]*"', '', 'g') else '' end as text
                from texts
            ),

            line_ends as (
                select
                    filename, has_open_quote,
                    contains(text, chr(13) || chr(10)) as has_both,
                    regexp_matches(text, '\r([^\n]|$)') as has_return,
                    regexp_matches(text, '(^|[^\r])\n') as has_newline
                from outside_quotes
            )

            select filename, has_mixed_ends, has_both and has_return
            from (
                select *, cast(has_both as integer) + cast(has_return as integer) + cast(has_newline as integer) > 1 as has_mixed_ends from line_ends
            ) as judged
            where has_mixed_ends or has_open_quote
        {%- endset -%}
        {%- for file, has_mixed_ends, has_both_and_return in run_query(query).rows -%}
            {#- otherwise DuckDB drops the character after a single return; now it counts the two of a line end as two lines -#}
            {%- do odd.update({file: {'has_mixed_ends': has_mixed_ends, 'options': ", new_line = '\\n'" if has_both_and_return else ''}}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(odd) }}
{% endmacro %}

{#- How our CSV is written, for read_csv. -#}
{% macro csv_options(delimiter) -%}
    delim = {{ quoted(delimiter) }}, quote = '"', escape = '"', header = true, max_line_size = 16777216
{%- endmacro %}

{#-
    The first hundred unreadable rows of each of the files of a group, with their total number, and whether the file has a quote that is not
    closed or not followed by a delimiter. This reads all columns in use, because read_csv checks only those it reads.
-#}
{% macro csv_rejects(files, group, used) %}
    {%- set number = new_number() -%}
    {%- set counts = [] -%}
    {%- for name in used -%}
        {%- do counts.append('count(' ~ quoted_name(name) ~ ')') -%}
    {%- endfor -%}
    {%- do run_query('select ' ~ (['count(*)'] + counts) | join(', ') ~ ' from ' ~ csv_call(files, group.header, csv_options(group.delimiter), number)) -%}
    {%- set query -%}
        with rejects as (
            select scanned.file_path, unreadable.line, md5(max(csv_line)) as hash, bool_or(error_type = 'UNQUOTED VALUE') as is_torn
            from unreadable_{{ number }} as unreadable
            inner join scanned_{{ number }} as scanned
                on unreadable.scan_id = scanned.scan_id and unreadable.file_id = scanned.file_id
            group by scanned.file_path, unreadable.line
        )

        select
            file_path, line, hash,
            count(*) over (partition by file_path) as row_count,
            bool_or(is_torn) over (partition by file_path) as is_torn
        from rejects
        qualify row_number() over (partition by file_path order by line) <= 100
        order by file_path, line
    {%- endset -%}
    {%- set rows = [] -%}
    {%- for file, line, hash, row_count, is_torn in run_query(query).rows -%}
        {%- do rows.append({'file': file, 'line': line, 'hash': hash, 'row_count': row_count, 'is_torn': is_torn}) -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{#-
    CTEs on `numbered`, the lines of a file: `pieces` has each line that is a row, each run of lines that together are one row
    (a field may hold line breaks), and each line that is neither (is_row is false).
-#}
{% macro torn_lines(group) -%}
    {%- set field -%} (?:"(?:[^"]|"")*"|[^"{{ group.delimiter }}][^{{ group.delimiter }}]*|) {%- endset -%}
    {%- set row = quoted('(?:' ~ field ~ '[' ~ group.delimiter ~ ']){' ~ (group.header | length - 1) ~ '}' ~ field) -%}
    , judged as (
        select position, line, regexp_full_match(line, {{ row }}) as is_row from numbered
        where position > 1 and trim(line) != ''
    ),

    runs as (
        select *, row_number() over (order by position) - row_number() over (partition by is_row order by position) as run from judged
    ),

    -- A row of several lines begins and ends with a line that has an odd number of quotes; those between have even numbers.
    torn as (
        select position, line, run, sum((length(line) - length(replace(line, '"', ''))) % 2) over (order by position) as odd_lines from runs
        where not is_row
    ),

    beginnings as (
        select
            run, odd_lines, min(position) as position, min_by(line, position) as first_line,
            string_agg(line, chr(10) order by position) as lines
        from torn
        group by run, odd_lines
    ),

    complete as (
        select
            beginnings.position, endings.position as last_position, beginnings.lines || chr(10) || endings.first_line as line
        from beginnings
        inner join beginnings as endings on beginnings.run = endings.run and beginnings.odd_lines + 1 = endings.odd_lines
        where regexp_full_match(beginnings.lines || chr(10) || endings.first_line, {{ row }})
    ),

    joined as (
        select * from complete
        -- one that begins inside another does not count
        qualify coalesce(max(last_position) over (order by position rows between unbounded preceding and 1 preceding) < position, true)
    ),

    pieces as (
        select position, line, true as is_row from runs where is_row
        union all
        select position, line, true as is_row from joined
        union all
        select torn.position, torn.line, false as is_row from torn
        asof left join joined on torn.position >= joined.position
        where joined.position is null or torn.position > joined.last_position
    )
{%- endmacro %}

{#- Piece of SQL that reads the rows of such a file. options: for lines_of. -#}
{% macro torn_csv(file, group, used, options) -%}
    {%- set field = '("(?:[^"]|"")*"|[^"' ~ group.delimiter ~ '][^' ~ group.delimiter ~ ']*|)[' ~ group.delimiter ~ ']' -%}
    (
        with numbered as (
            select row_number() over () as position, line from {{ lines_of([file], none, options) }}
        )

        {{ torn_lines(group) }},

        fields as (
            select regexp_extract_all(line || {{ quoted(group.delimiter) }}, {{ quoted(field) }}, 1) as fields from pieces
            where is_row
        )

        select
        {%- for name in group.header if name in used %}
            {%- set value = 'fields[' ~ (group.header.index(name) + 1) ~ ']' %}
            nullif(case when left({{ value }}, 1) = '"' then replace({{ value }}[2:-2], '""', '"') else {{ value }} end, '') as {{ quoted_name(name) }}{{ ',' if not loop.last }}
        {%- endfor %}
        from fields
    )
{%- endmacro %}
