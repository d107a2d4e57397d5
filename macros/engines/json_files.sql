{#-
    JSON as a source. A file whose lines are objects is read line by line, and a line that is not one, or not JSON, is left out on its
    own; any other file (one array, or objects over several lines) is read as a whole, if it is JSON to its end. Anybody may have chosen
    the keys, so only those of columns in use get into SQL.
-#}
{% macro json_facts(files, names) %}
    {%- set facts, by_key = {'columns': [], 'readers': [], 'unreadable': []}, {} -%}
    {%- set number = new_number() -%}
    {%- set whole, with_bad_lines = kinds_of_json(files, number) -%}
    {%- set by_line = files | reject('in', whole) | list -%}
    {%- set keys -%}
        {{ 'select unnest(keys) as json_key from json_lines_' ~ number ~ ' where ' ~ is_one_of('filename', by_line) if by_line }}
        {{ 'union' if by_line and whole }}
        {{ 'select unnest(json_keys(json)) as json_key from ' ~ whole_objects(whole) if whole }}
    {%- endset -%}
    {#- a text of SQL ends at a character zero; dbt has none for the key '' -#}
    {%- for key in run_query('select distinct json_key from (' ~ keys ~ ') as keys where not contains(json_key, chr(0)) order by 1').columns[0].values() | select -%}
        {%- do facts.columns.append({'name': key, 'type': 'varchar'}) -%}
    {%- endfor -%}
    {%- set found = by_name(facts.columns) -%}
    {%- for name in names if name in found or name | lower in found -%}
        {%- set key = found.get(name, found.get(name | lower)).name -%}
        {%- do by_key.update({key | lower: key}) -%}
    {%- endfor -%}
    {%- set used = by_key.values() | list -%}
    {%- if whole -%}
        {%- do facts.readers.append(json_values(whole_objects(whole), used)) -%}
        {%- do facts.unreadable.extend(other_elements(whole)) -%}
    {%- endif -%}
    {%- if by_line -%}
        {%- do facts.readers.append(json_values(line_objects(by_line), used)) -%}
    {%- endif -%}
    {%- for file in with_bad_lines if file in by_line -%}
        {%- set text = object_text('line') -%}
        {%- do facts.unreadable.extend(listed_lines(file, 'select * from numbered where ' ~ text ~ " != '' and " ~ json_kind(text) ~ " is distinct from 'OBJECT'")) -%}
    {%- endfor -%}
    {{ return(facts) }}
{% endmacro %}

{#-
    Which files are read as a whole, and which have lines that are not objects. number: with which to name json_lines_…, a table of how
    many lines of each file have which keys.
-#}
{% macro kinds_of_json(files, number) %}
    {%- set counted -%}
        create or replace temporary table json_lines_{{ number }} as
        select
            filename, kind, keys,
            count(*) as line_count,
            min(position) as first_line,
            min(position) filter (where kind is null and starts_with(line, '[')) as bracket,
            count(*) filter (where kind is null and right(line, 1) in ('{{ '{' }}', '[', ',')) as open_lines,
            count(*) filter (where keys is null and {{ object_text('line') }} != '') as unreadable
        from (
            select
                *,
                case
                    when kind = 'OBJECT' then json_keys(line)
                    when {{ json_kind(object_text('line')) }} = 'OBJECT' then json_keys({{ object_text('line') }})
                end as keys
            from (
                select *, {{ json_kind('line') }} as kind from (
                    select filename, row_number() over () as position, trim(line, ' ' || chr(9) || chr(13)) as line
                    from {{ lines_of(files, number, ', filename = true') }}
                ) as lines
                where line != ''
            ) as judged
        ) as with_keys
        group by filename, kind, keys
    {%- endset -%}
    {%- do run_query(counted) -%}
    {%- set query -%}
        with files as (
            select
                filename,
                sum(line_count) as line_count,
                coalesce(sum(line_count) filter (where kind = 'OBJECT'), 0) as objects,
                min(bracket) as bracket,
                min(first_line) filter (where kind = 'OBJECT') as first_object,
                count(*) filter (where kind = 'ARRAY') as arrays,
                sum(open_lines) as open_lines,
                sum(unreadable) as unreadable
            from json_lines_{{ number }}
            group by filename
        ),

        not_text as (
            select scanned.file_path as filename, count(*) as not_text from unreadable_{{ number }} as unreadable
            inner join scanned_{{ number }} as scanned on unreadable.scan_id = scanned.scan_id and unreadable.file_id = scanned.file_id
            group by scanned.file_path
        )

        select
            filename,
            -- without any line that is text, it may be one long line
            objects is null
            or coalesce(objects <= 1 and bracket < coalesce(first_object, bracket + 1), false)
            or (objects = 0 and (arrays > 0 or (open_lines > 0 and line_count > 1))) as may_be_whole,
            coalesce(unreadable, 0) + coalesce(not_text, 0) > 0 as has_bad_lines
        from files full join not_text using (filename)
    {%- endset -%}
    {%- set candidates, with_bad_lines = [], [] -%}
    {%- for file, may_be_whole, has_bad_lines in run_query(query).rows -%}
        {%- do candidates.append(file) if may_be_whole -%}
        {%- do with_bad_lines.append(file) if has_bad_lines -%}
    {%- endfor -%}
    {{ return((json_to_the_end(candidates), with_bad_lines)) }}
{% endmacro %}

{#- Those of the files that are JSON to their end: one array, or objects one after the other. What is too large to look is taken for it. -#}
{% macro json_to_the_end(files) %}
    {%- set whole, looked_at = [], [] -%}
    {%- for some in lists_of_contents(files) -%}
        {%- set query -%}
            select filename
            from (select filename, try(decode(content)) as text from read_blob({{ path_list(some) }})) as files
            where json_valid(text) or json_valid('[' || regexp_replace(text, '\}\s*\{', '}, {', 'g') || ']')
        {%- endset -%}
        {%- do looked_at.extend(some) -%}
        {%- do whole.extend(run_query(query).columns[0].values()) -%}
    {%- endfor -%}
    {{ return(files | reject('in', looked_at) | list + whole) }}
{% endmacro %}

{#- The objects of files that are read as a whole, in a column `json`. -#}
{% macro whole_objects(files) -%}
    (select json from read_json_objects({{ path_list(files) }}) where json_type(json) = 'OBJECT') as objects
{%- endmacro %}

{#- The objects of files that are read line by line, in a column `json`. -#}
{% macro line_objects(files) -%}
    (select json from (select {{ object_text('line') }} as json from {{ lines_of(files) }}) as lines where {{ json_kind('json') }} = 'OBJECT') as objects
{%- endmacro %}

{#- A line without what separates the elements of an array, so that an array that was cut off is read up to there. -#}
{% macro object_text(line) -%}
    trim({{ line }}, ' [],' || chr(9) || chr(13))
{%- endmacro %}

{#- Piece of SQL that reads these columns of objects as text; of a key that an object has twice, the first counts. -#}
{% macro json_values(objects, names) -%}
    {%- set paths = [] -%}
    {%- for name in names -%}
        {%- do paths.append(quoted('/' ~ name.replace('~', '~0').replace('/', '~1'))) -%}
    {%- endfor -%}
    {%- set paths = '[' ~ paths | join(', ') ~ ']' -%}
    (
        select
        {%- for name in names %}
            {{ json_scalar('fields[' ~ loop.index ~ ']', 'types[' ~ loop.index ~ ']') }} as {{ quoted_name(name) }}{{ ',' if not loop.last }}
        {%- endfor %}
        from (
            -- only numbers with a fraction need their types, and to parse every object again takes long
            select
                json_extract_string(json, {{ paths }}) as fields,
                case when regexp_matches(json, ':\s*-?[0-9]+[.eE]') then json_type(json, {{ paths }}) end as types
            from {{ objects }}
        ) as extracted
    )
{%- endmacro %}

{#- The elements of arrays that are not objects, as file_facts lists them: they have no line. -#}
{% macro other_elements(files) %}
    {%- set listed = [] -%}
    {%- set query -%}
        select filename, count(*) from read_json_objects({{ path_list(files) }}, filename = true)
        where json_type(json) != 'OBJECT'
        group by filename
        order by filename
    {%- endset -%}
    {%- for file, others in run_query(query).rows -%}
        {%- do listed.append({'file': file, 'line': none, 'hash': others | int | string, 'row_count': others | int}) -%}
    {%- endfor -%}
    {{ return(listed) }}
{% endmacro %}

{#- The kind of JSON that a text is; null when it is not JSON. -#}
{% macro json_kind(text) -%}
    case when json_valid({{ text }}) then json_type({{ text }}) end
{%- endmacro %}
