-- What is in a source? The first look at a table before its messages are trusted: one row for each column it has, with how
-- many rows are null or blank, how many different values there are, the smallest and the largest, and whether the column
-- could be a key. Choose the source, by its name under `sources`, with --vars '{profiled_source: pages, ...}'; by default tracks.
-- Of several places it is the first, or the one that profiled_place names (schema.table, or the files).
--
-- How to read it. A key that has fewer different values than rows has copies. A column that is null in nearly all rows is not
-- sent; one with a single value says nothing. The ranges of times show a clock that is wrong, and which days exist.
--
-- column_name: as the database has it. empty: percent of the rows, null or text of nothing but blanks. different: number of
-- different values. is_key: never null and never twice. smallest, largest: as text, their first ten characters.
{% set collection = var('profiled_source', 'tracks') -%}
{% set places = present_places(collection) -%}
{% set place = (places | selectattr('label', 'equalto', var('profiled_place', '')) | list + places + [none]) | first -%}
{% set columns = place_columns(place) if place else [] -%}
with {% if columns -%}
source as (
    select * from {{ place_relation(dict(place, names=columns | map(attribute='name') | list)) }}
),

{% endif -%}
profile as (
    {%- for column in columns %}
    {%- set name = quoted_name(column.name) %}
    {%- set is_text = 'char' in column.type or column.type in ['text', 'boolean', 'uuid', 'json', 'jsonb'] %}
    {%- set value = as_id_text(name) if is_text else name %}
    select
        {{ loop.index }} as column_number,
        {{ quoted(column.name) }} as column_name,
        count(*) as row_count,
        count(case when trim(cast({{ name }} as text)) != '' then 1 end) as filled_count,
        count(distinct {{ value }}) as distinct_count,
        cast(min({{ value }}) as text) as smallest,
        cast(max({{ value }}) as text) as largest
    from source
    {{ 'union all' if not loop.last }}
    {%- else %}
    -- nothing there: the source is not named under `sources`, or does not exist yet
    select
        0 as column_number, '' as column_name, 0 as row_count, 0 as filled_count, 0 as distinct_count, '' as smallest,
        '' as largest
    where false
    {%- endfor %}
)

select
    column_name,
    round(100.0 * (row_count - filled_count) / nullif(row_count, 0), 1) as empty,
    distinct_count as different,
    row_count > 0 and distinct_count = row_count as is_key,
    left(smallest, 10) as smallest,
    left(largest, 10) as largest
from profile
order by column_number
