{#-
    The columns read from each collection, and their kind: text, or time (UTC, to the microsecond). The layout is that of
    Segment's warehouse schema (https://segment.com/docs/connections/storage/warehouses/schema/); RudderStack writes the same.
-#}
{% macro segment_columns(collection) %}
    {%- set names = ['id', 'previous_id' if collection == 'aliases' else 'anonymous_id', 'user_id'] -%}
    {%- if collection == 'tracks' -%}
        {%- do names.extend(['event', 'event_text']) -%}
    {%- endif -%}
    {%- if collection in ['pages', 'screens'] -%}
        {%- do names.extend(['name', 'url', 'path', 'title', 'referrer', 'search']) -%}
    {%- endif -%}
    {%- if collection in ['tracks', 'pages', 'screens'] -%}
        {%- do names.extend([
            'context_page_url', 'context_page_path', 'context_page_title', 'context_page_referrer', 'context_page_search',
            'context_campaign_source', 'context_campaign_medium', 'context_campaign_name', 'context_campaign_term',
            'context_campaign_content', 'context_user_agent', 'context_ip']) -%}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- do columns.append({'name': name, 'kind': 'text'}) -%}
    {%- endfor -%}
    {%- for name in ['timestamp', 'original_timestamp', 'sent_at', 'received_at', 'uuid_ts', 'loaded_at'] -%}
        {%- do columns.append({'name': name, 'kind': 'time'}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- Extra source columns that app_tracks carries, from the variable `pass_through_columns`, as a list of {name, type}. -#}
{% macro pass_through_columns() %}
    {%- set columns = [] -%}
    {%- for column in listed('pass_through_columns') if column is string or is_typed_column(column) -%}
        {%- do columns.append({'name': column if column is string else column.name, 'type': 'text' if column is string else column.get('type', 'text')}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- Names of all columns that are read from a source, ignoring case. -#}
{% macro used_columns(name) %}
    {%- if name in business_sources() -%}
        {{ return(business_columns(name).keys() | list) }}
    {%- endif -%}
    {{ return((segment_columns(name) + pass_through_columns()) | map(attribute='name') | list) }}
{% endmacro %}

{#-
    A query on one collection with every column of the layout, from all its places: a column or table that does not exist (yet)
    is null or empty. Only rows that may be new are read: those loaded after the place's newest stored load time, less
    reload_overlap_hours, and rows without a load time. A place without any load time is read whole, because nothing tells its
    new rows from its old ones.
    every_row: read all of it, whatever is stored or sampled.
-#}
{% macro source_rows(collection, every_row=false) %}
    {%- set declared = source('segment', collection) -%}
    {%- for place in present_places(collection) %}
    {{ rows_of_place(collection, place, every_row) }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ rows_of_place(collection, none, every_row) }}
    {%- endfor %}
{% endmacro %}

{#- The rows of one place; without a place, a query without rows. -#}
{% macro rows_of_place(collection, place, every_row) -%}
    {%- set present = by_name(place_columns(place) if place else []) -%}
    select
    {%- for column in segment_columns(collection) %}
        {{ source_value(present.get(column.name), column.kind) }} as {{ quoted_name(column.name) }},
    {%- endfor %}
    {%- for column in pass_through_columns() if collection in ['tracks', 'pages', 'screens'] %}
        {{ passed_value(present.get(column.name, present.get(column.name | lower)), column.type) }} as passed_{{ loop.index }},
    {%- endfor %}
        {{ as_id_text(quoted(place.label) if place else 'null') }} as source_place,
        '{{ collection }}' as message_type
    {%- if place %}
    from {{ place_relation(place) }}
    where {{ 'true' if every_row else rows_to_read(collection, place, present) }}
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}

{#- One source column as text (compared byte by byte) or as UTC time; null when the source does not have it. -#}
{% macro source_value(column, kind) -%}
    {%- if column is none or column is not defined -%}
        {{ as_id_text('null') if kind == 'text' else 'cast(null as timestamp)' }}
    {%- elif kind == 'text' -%}
        {{ as_id_text(text_value(quoted_name(column.name), column.type)) }}
    {%- else -%}
        {{ time_value(quoted_name(column.name), column.type) }}
    {%- endif -%}
{%- endmacro %}

{#- The columns of a place that may say when a row was loaded, {name, type} each; the first that is not null counts. -#}
{% macro load_columns(present) %}
    {%- set columns = [] -%}
    {%- for name in ['uuid_ts', 'loaded_at', 'received_at'] if name in present -%}
        {%- do columns.append(present[name]) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- When a row was loaded, by these columns; null when none says. -#}
{% macro load_time(columns) -%}
    coalesce({% for column in columns %}{{ source_value(column, 'time') }}, {% endfor %}cast(null as timestamp))
{%- endmacro %}

{#- Condition that keeps the rows a refresh has to look at. -#}
{% macro may_be_new(collection, place, present) -%}
    {%- set cutoff, columns = load_cutoff(collection, place), load_columns(present) -%}
    {%- if cutoff is none or not columns -%}
        true
    {%- else -%}
        {{ is_not_before(columns[0], cutoff) }}
        {%- for some in ([columns[:1], columns] if columns | length > 1 else [columns]) %}
        and ({{ load_time(some) }} > timestamp '{{ cutoff }}' or {{ load_time(some) }} is null)
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#-
    A wider condition on the time column as stored, true wherever the exact one is: an index of the source can answer it, or the
    bounds of its files.
-#}
{% macro is_not_before(column, cutoff) -%}
    {%- if column.type in ['timestamp with time zone', 'timestamptz', 'timestamp without time zone', 'timestamp', 'timestamp_ntz'] -%}
        {%- set zone = 'with' if 'with time zone' in column.type or column.type == 'timestamptz' else 'without' -%}
        ({{ quoted_name(column.name) }} > cast('{{ cutoff }}+00' as timestamp {{ zone }} time zone)
        or {{ quoted_name(column.name) }} < cast('0001-01-01 00:00:00+00' as timestamp {{ zone }} time zone)
        or {{ quoted_name(column.name) }} is null)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- The load time from which a place has to be read, as a text, or none for all of it. -#}
{% macro load_cutoff(collection, place) %}
    {%- set applied = applied_by_all_readers('batch_messages') if execute else 0 -%}
    {%- if applied == 0 -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set cutoffs = run_cache('load cutoffs of ' ~ (model.unique_id if model is defined else '')) -%}
    {%- if not cutoffs -%}
        {%- set query -%}
            select
                message_type, source_place,
                cast(max(newest_loaded_at) - interval '{{ (var('reload_overlap_hours') * 3600) | round | int }} seconds' as text)
            from {{ state_table('source_loads') }}
            where batch_id <= {{ applied }}
            group by message_type, source_place
        {%- endset -%}
        {%- for row in state_rows('source_loads', query) -%}
            {%- do cutoffs.update({(row[0], row[1]): row[2]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set cutoff = cutoffs.get((collection, place.label)) -%}
    {%- if cutoff is not none and var('since') is not none and var('since') | string < cutoff -%}
        {%- set cutoff = (var('since') | string) ~ ' 00:00:00' -%}
    {%- endif -%}
    {{ return(cutoff) }}
{% endmacro %}

{#- The latest of those times, as a text; without any, one later than all messages. -#}
{% macro latest_load_cutoff() %}
    {%- set cutoffs = [] -%}
    {%- for collection in collections() -%}
        {%- for place in source_places(collection) if load_cutoff(collection, place) is not none -%}
            {%- do cutoffs.append(load_cutoff(collection, place)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(cutoffs | max if cutoffs else 'infinity') }}
{% endmacro %}

{#-
    SQL that records the newest load time of each place stored by this batch. A time ahead of our own clock is ignored, not replaced by
    the current time: the place's next load may have an earlier one.
-#}
{% macro record_source_loads() %}
    {%- if execute %}
    {%- if not is_incremental() %}
    delete from {{ state_table('source_loads') }};
    {%- endif %}
    insert into {{ state_table('source_loads') }} (batch_id, message_type, source_place, newest_loaded_at)
    select batch_id, message_type, source_place, max(load_time)
    from {{ ref('batch_messages') }}
    where load_time <= {{ utc_now() }} and batch_id > {{ applied_batch_id() }}
    group by batch_id, message_type, source_place;
    {%- endif -%}
{% endmacro %}
