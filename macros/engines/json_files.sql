{#-
    JSON as a source. A file whose lines are objects is read line by line, and a line that is not one, or not JSON, is left out on its
    own; any other file (one array, or objects over several lines) is read as a whole. Anybody may have chosen the keys, so only those of
    columns in use get into SQL.
-#}
{% macro json_facts(files, names) %}
    {%- set facts, whole, clean, dirty = {'columns': [], 'readers': [], 'unreadable': []}, [], [], [] -%}
    {%- set kinds = {} -%}
    {%- for file, is_whole, unreadable in run_query(kinds_of_json(files)).rows -%}
        {%- do kinds.update({file: 'whole' if is_whole else 'dirty' if unreadable else 'clean'}) -%}
    {%- endfor -%}
    {%- for file in files -%}
        {#- a file without any readable line is either one long line, or all unreadable -#}
        {%- do {'whole': whole, 'clean': clean, 'dirty': dirty}[kinds.get(file, 'whole')].append(file) -%}
    {%- endfor -%}
    {%- set keys, by_key = [], {} -%}
    {%- for some, call in [(whole, 'read_json_objects'), (clean, 'read_ndjson_objects'), (dirty, 'read_ndjson_objects')] if some -%}
        {%- set query -%}
            select distinct unnest(json_keys(json)) as json_key
            from {{ call }}({{ path_list(some) }} {{ ', ignore_errors = true' if call == 'read_ndjson_objects' }})
            where json_type(json) = 'OBJECT'
        {%- endset -%}
        {#- a text of SQL ends at a character zero -#}
        {%- do keys.extend(run_query('select json_key from (' ~ query ~ ') as keys where not contains(json_key, chr(0)) order by 1').columns[0].values()) -%}
    {%- endfor -%}
    {#- dbt has none for the key '' -#}
    {%- for key in keys | select | unique(case_sensitive=true) -%}
        {%- do facts.columns.append({'name': key, 'type': 'varchar'}) -%}
    {%- endfor -%}
    {%- set found = by_name(facts.columns) -%}
    {%- for name in names if name in found or name | lower in found -%}
        {%- set key = found.get(name, found.get(name | lower)).name -%}
        {%- do by_key.update({key | lower: key}) -%}
    {%- endfor -%}
    {%- set used = by_key.values() | list -%}
    {%- for some, format in [(whole, 'auto'), (clean, 'newline_delimited')] if some -%}
        {%- do facts.readers.append('read_json(' ~ path_list(some) ~ ", format = '" ~ format ~ "', records = true, columns = " ~ text_columns(used) ~ ')') -%}
    {%- endfor -%}
    {%- if dirty -%}
        {%- set reader -%}
            (
                select unnest(json_transform(json, {{ quoted(tojson(dict.fromkeys(used, 'VARCHAR'))) }}))
                from read_ndjson_objects({{ path_list(dirty) }}, ignore_errors = true)
                where json_type(json) = 'OBJECT'
            )
        {%- endset -%}
        {%- do facts.readers.append(reader) -%}
    {%- endif -%}
    {%- for file in dirty -%}
        {%- do facts.unreadable.extend(listed_lines(file, "select * from numbered where trim(line) != '' and " ~ json_kind('line') ~ " is distinct from 'OBJECT'")) -%}
    {%- endfor -%}
    {{ return(facts) }}
{% endmacro %}

{#- Query: for each file, whether it is read as a whole, and how many of its lines are not objects. -#}
{% macro kinds_of_json(files) -%}
    {%- set number = new_number() -%}
    {%- set lines -%}
        select filename, position, line, {{ json_kind('line') }} as kind
        from (
            select filename, row_number() over () as position, trim(line, ' ' || chr(9) || chr(13)) as line
            from {{ lines_of(files, number, ', filename = true') }}
        ) as lines
        where line != ''
    {%- endset -%}
    {%- set counted = 'json_files_' ~ number -%}
    {%- set query -%}
        create or replace temporary table {{ counted }} as
        select
            filename,
            count(*) as line_count,
            count(*) filter (where kind = 'OBJECT') as objects,
            min(position) filter (where kind is null and starts_with(line, '[')) as bracket,
            min(position) filter (where kind = 'OBJECT') as first_object,
            count(*) filter (where kind = 'ARRAY') as arrays,
            count(*) filter (where kind is null and right(line, 1) in ('{{ '{' }}', '[', ',')) as open_lines
        from ({{ lines }}) as judged
        group by filename
    {%- endset -%}
    {%- do run_query(query) -%}
    select
        filename,
        coalesce(objects <= 1 and bracket < coalesce(first_object, bracket + 1), false) or (objects = 0 and (arrays > 0 or (open_lines > 0 and line_count > 1))) as is_whole,
        line_count - objects + (
            select count(*) from unreadable_{{ number }} as unreadable
            inner join scanned_{{ number }} as scanned
                on unreadable.scan_id = scanned.scan_id and unreadable.file_id = scanned.file_id
            where scanned.file_path = {{ counted }}.filename
        ) as unreadable
    from {{ counted }}
{%- endmacro %}

{#- A text as JSON; null when it is not JSON. -#}
{% macro json_kind(text) -%}
    case when json_valid({{ text }}) then json_type({{ text }}) end
{%- endmacro %}
