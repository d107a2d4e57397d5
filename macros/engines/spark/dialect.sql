{#- What Spark SQL writes differently. What each macro gives is said where it is dispatched. -#}

{% macro spark__engine_schema() %}
    {{ return('main') }}
{% endmacro %}

{% macro spark__stored_types() %}
    {{ return({
        'text': 'string', 'text[]': 'array<string>', 'bigint': 'bigint', 'integer': 'int', 'double precision': 'double',
        'boolean': 'boolean', 'date': 'date', 'timestamp': 'timestamp_ntz'
    }) }}
{% endmacro %}

{#- Java writes a sigma at the end of a word as another letter, and a dotted I as two. -#}
{% macro spark__lower_case(text) -%}
    lower(translate({{ text }}, 'Σİ', 'σi'))
{%- endmacro %}

{#- The session's time zone is UTC. -#}
{% macro spark__utc_now() -%}
    cast(current_timestamp() as timestamp_ntz)
{%- endmacro %}

{% macro spark__beginning_of_time() -%}
    timestamp '0001-01-01 00:00:00'
{%- endmacro %}

{% macro spark__sortable_time(time) -%}
    date_format({{ time }}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
{%- endmacro %}

{#- Spark reads neither second 60, nor a blank before the zone, nor the zone UTC without one, nor more than six digits. -#}
{% macro spark__parse_time(text) -%}
    {%- set value = 'trim(' ~ text ~ ')' -%}
    {%- set rest = "replace(replace(substr(" ~ value ~ ", 17), ' ', ''), 'UTC', 'Z')" -%}
    {%- set with_seconds = "case when " ~ rest ~ " like ':%' or length(" ~ value ~ ") = 10 then " ~ rest ~ " else ':00' || " ~ rest ~ " end" -%}
    {%- set written_so -%}
        regexp_replace(replace(left({{ value }}, 16) || {{ with_seconds }}, ':60', ':59'), '([.][0-9]{6})[0-9]+', '$1')
    {%- endset -%}
    case
        when {{ value }} rlike '{{ iso_time_pattern() }}' and left({{ value }}, 4) != '0000' then {{ usable_time(
            'cast(try_cast(' ~ written_so ~ ' as timestamp_ltz) as timestamp_ntz) + make_dt_interval(0, 0, 0, case when substr('
            ~ value ~ ", 17, 3) = ':60' then 1 else 0 end)"
        ) }}
        when {{ value }} rlike '{{ whole_number_pattern() }}' then {{ epoch_time("cast(split_part(" ~ value ~ ", '.', 1) as bigint)") }}
    end
{%- endmacro %}

{% macro spark__time_of_microseconds(microseconds) -%}
    cast(timestamp_micros({{ microseconds }}) as timestamp_ntz)
{%- endmacro %}

{% macro spark__clock_bucket(time) -%}
    floor(timestampdiff(microsecond, timestamp '2000-01-01 00:00:00', {{ time }}) / {{ (var('session_gap_minutes') | float * 60 * 1000000) | round | int }})
{%- endmacro %}

{% macro spark__microseconds_between(earlier, later) -%}
    timestampdiff(microsecond, {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro spark__whole_days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{% macro spark__time_in_zone(time, zone) -%}
    convert_timezone('UTC', {{ quoted(zone) }}, {{ time }})
{%- endmacro %}

{#- Java knows those that Python does. -#}
{% macro spark__is_time_zone(name) %}
    {{ return(name in modules.pytz.all_timezones) }}
{% endmacro %}

{% macro spark__url_decode(value) -%}
    case
        when {{ value }} rlike '%(?![0-9a-fA-F]{2})|%00' or not {{ value }} rlike '[%+]' then {{ value }}
        when instr(url_decode({{ value }}), '�') > 0 then {{ value }}
        else url_decode({{ value }})
    end
{%- endmacro %}

{#- In Java's classes [ begins another class, and ] ends even an empty one. -#}
{% macro java_pattern(pattern) -%}
    {{ pattern.replace('[[]', '\\[').replace('[]]', '\\]').replace('[^]', '[^\\]').replace('[^[', '[^\\[') }}
{%- endmacro %}

{% macro spark__regexp_group(text, pattern) -%}
    regexp_extract({{ text }}, '{{ java_pattern(pattern) }}', 1)
{%- endmacro %}

{% macro spark__regexp_found(text, pattern) -%}
    {{ text }} rlike concat('(?s)', {{ java_pattern(pattern) }})
{%- endmacro %}

{% macro spark__regexp_replaced(text, pattern, replacement, flags) -%}
    regexp_replace({{ text }}, '{{ '(?i)' if 'i' in flags }}{{ java_pattern(pattern) }}', '{{ replacement }}')
{%- endmacro %}

{% macro spark__hash_of(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}

{% macro spark__cast_or_null(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{% macro spark__list_of(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}

{% macro spark__items_of(list, item, place) -%}
    inline(transform({{ list }}, (one, number) -> struct(one as {{ item }}, number + 1 as {{ place }})))
{%- endmacro %}

{% macro spark__item_at(list, place) -%}
    get({{ list }}, {{ place }} - 1)
{%- endmacro %}

{% macro in_order(value, order, condition='true') -%}
    array_sort(collect_list(struct({{ order }} as place, {{ value }} as item)) filter (where {{ condition }}))
{%- endmacro %}

{% macro spark__list_in_order(value, order, condition) -%}
    transform(nullif({{ in_order(value, order, condition) }}, array()), one -> one.item)
{%- endmacro %}

{% macro spark__sum_in_order(value, order) -%}
    aggregate({{ in_order(value, order) }}, cast(0 as double), (total, one) -> total + one.item)
{%- endmacro %}

{#- The matrix as one list, changed step by step: Spark has no recursive query. -#}
{% macro spark__inverse_of(matrix) -%}
    with whole as (
        select cast(max(i) as int) as size, transform(array_sort(collect_list(struct(i, j, entry))), one -> one.entry) as entries from {{ matrix }}
    ),

    inverted as (
        select size, aggregate(sequence(0, size - 1), entries, (before, step) -> transform(before, (entry, place) -> case
            when place = step * size + step then 1 / entry
            when place div size = step then entry / before[step * size + step]
            when place % size = step then -entry / before[step * size + step]
            else entry - before[place div size * size + step] * before[step * size + place % size] / before[step * size + step]
        end)) as entries
        from whole
        where size > 0
    )

    select inline(transform(entries, (entry, place) -> struct(place div size + 1 as i, place % size + 1 as j, entry as entry))) from inverted
{%- endmacro %}

{% macro spark__parts_of(text, separator) -%}
    split({{ text }}, '[{{ separator }}]')
{%- endmacro %}

{% macro spark__label_count(list) -%}
    size({{ list }})
{%- endmacro %}

{% macro spark__labels_from(first, last) -%}
    array_join(slice(labels, {{ first }}, greatest({{ last }} - {{ first }} + 1, 0)), '.')
{%- endmacro %}

{% macro spark__is_listed(value, column, relation) -%}
    array_contains((select collect_list({{ column }}) from {{ relation }}), {{ value }})
{%- endmacro %}

{% macro spark__has_all_parts(names, asked_for) -%}
    forall({{ parts_of(asked_for, '+') }}, name -> instr({{ names }} || '&', '&' || name || '&') > 0)
{%- endmacro %}

{#- Of an unknown text Spark would say that it does not know. -#}
{% macro spark__has_any_part(text, parts) -%}
    coalesce(exists({{ parts_of(parts, '|') }}, part -> instr({{ text }}, part) > 0), false)
{%- endmacro %}

{% macro spark__distinct_texts(text, separator) -%}
    array_join(array_sort(collect_set({{ text }})), '{{ separator }}')
{%- endmacro %}

{% macro spark__numbers_up_to(last) -%}
    explode(sequence(0, cast({{ last }} as int)))
{%- endmacro %}

{% macro spark__each_day(first, last) -%}
    explode(sequence(cast({{ first }} as date), cast({{ last }} as date)))
{%- endmacro %}

{% macro spark__has_partitions() %}
    {{ return(false) }}
{% endmacro %}
