-- What is in a source? The first look at a table before its messages are trusted: one row for each column it has, with how
-- many rows are null or blank, how many different values there are, the smallest and the largest, and whether the column
-- could be a key. Choose the source, by its name under `sources`, with --vars '{profiled_source: pages, ...}'; by default tracks.
-- Of several places it is the first, or the one that profiled_place names (schema.table, or the files).
--
-- How to read it. A key that has fewer different values than rows has copies. A column that is null in nearly all rows is not
-- sent; one with a single value says nothing. The ranges of times show a clock that is wrong and the days that are there.
--
-- column_name, data_type: as the database has them. row_count: rows of the source. null_count, blank_count: of these, null,
-- and text of nothing but blanks. distinct_count: different values. is_key: never null and never twice. smallest, largest: as
-- text.
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
        {{ quoted(column.type) }} as data_type,
        count(*) as row_count,
        count(*) - count({{ name }}) as null_count,
        count(case when trim(cast({{ name }} as text)) = '' then 1 end) as blank_count,
        count(distinct {{ value }}) as distinct_count,
        cast(min({{ value }}) as text) as smallest,
        cast(max({{ value }}) as text) as largest
    from source
    {{ 'union all' if not loop.last }}
    {%- else %}
    -- nothing there: the source is not named under `sources`, or does not exist yet
    select
        0 as column_number, '' as column_name, '' as data_type, 0 as row_count, 0 as null_count, 0 as blank_count,
        0 as distinct_count, '' as smallest, '' as largest
    where false
    {%- endfor %}
)

select
    column_name,
    data_type,
    row_count,
    null_count,
    blank_count,
    distinct_count,
    row_count > 0 and distinct_count = row_count as is_key,
    smallest,
    largest
from profile
order by column_number
