{#- Text and time: differences between engines. -#}

{#- The current time, as UTC without zone. -#}
{% macro utc_now() -%}
    {{ adapter.dispatch('utc_now', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__utc_now() -%}
    cast(current_timestamp at time zone 'UTC' as timestamp)
{%- endmacro %}

{#- Text compared byte by byte on every engine, so that ties are broken the same way. -#}
{% macro as_id_text(expression) -%}
    {{ adapter.dispatch('as_id_text', 'signup_attribution')(expression) }}
{%- endmacro %}

{% macro default__as_id_text(expression) -%}
    cast({{ expression }} as text)
{%- endmacro %}

{% macro postgres__as_id_text(expression) -%}
    cast({{ expression }} as text) collate "C"
{%- endmacro %}

{#- Text in lower case, letter by letter, in all alphabets: in text compared byte by byte, PostgreSQL knows ASCII letters only. -#}
{% macro lower_case(text) -%}
    {{ adapter.dispatch('lower_case', 'signup_attribution')(text) }}
{%- endmacro %}

{% macro default__lower_case(text) -%}
    lower({{ text }})
{%- endmacro %}

{% macro postgres__lower_case(text) -%}
    {%- set alphabets = collation_of_alphabets() -%}
    {%- if alphabets == 'pg_c_utf8' -%}
    lower(({{ text }}) collate "pg_c_utf8") collate "C"
    {%- else -%}
    lower(translate({{ text }}, 'Σİ', 'σi') collate "{{ alphabets }}") collate "C"
    {%- endif -%}
{%- endmacro %}

{#-
    PostgreSQL: a collation that knows the letters of all alphabets, whatever the database was made with: its own from version 17
    on, else ICU's (which must not change a word's last sigma and a dotted I), else the database's.
-#}
{% macro collation_of_alphabets() %}
    {%- set found = run_cache('collation of alphabets') -%}
    {%- if execute and not found -%}
        {%- set query -%}
            select collname from pg_collation
            where
                collname in ('pg_c_utf8', 'und-x-icu')
                and collencoding in (-1, (select encoding from pg_database where datname = current_database()))
            order by collname
            limit 1
        {%- endset -%}
        {%- do found.update({'name': (run_query(query).rows | map(attribute=0) | list + ['default']) | first}) -%}
    {%- endif -%}
    {{ return(found.get('name', 'default')) }}
{% endmacro %}

{#- An 'infinity' in a source, or a year without exactly four digits, is not a usable time. -#}
{% macro usable_time(expression) -%}
    case when {{ expression }} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999' then {{ expression }} end
{%- endmacro %}

{#- Before all times, and after them. -#}
{% macro beginning_of_time() -%}
    {{ adapter.dispatch('beginning_of_time', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__beginning_of_time() -%}
    timestamp '-infinity'
{%- endmacro %}

{% macro end_of_time() -%}
    timestamp '9999-12-31 23:59:59.999999'
{%- endmacro %}

{#- A time as text of fixed width (YYYY-MM-DD HH:MM:SS.ffffff), which sorts like the time. -#}
{% macro sortable_time(time) -%}
    {{ adapter.dispatch('sortable_time', 'signup_attribution')(time) }}
{%- endmacro %}

{% macro default__sortable_time(time) -%}
    to_char({{ time }}, 'YYYY-MM-DD HH24:MI:SS.US')
{%- endmacro %}

{% macro duckdb__sortable_time(time) -%}
    strftime({{ time }}, '%Y-%m-%d %H:%M:%S.%f')
{%- endmacro %}

{#-
    UTC time from text: ISO 8601 (iso_time_pattern; no zone means UTC, the fraction is cut to microseconds) or a whole number since
    1970; null if the text is neither. Only text known to be a time is cast, so no input can make it fail.
-#}
{% macro parse_time(text) -%}
    {{ adapter.dispatch('parse_time', 'signup_attribution')(text) }}
{%- endmacro %}

{% macro default__parse_time(text) -%}
    {%- set value = 'trim(' ~ text ~ ", ' ')" -%}
    {%- set after_minutes = 'substr(' ~ value ~ ', 17)' -%}
    case
        when {{ value }} ~ '{{ iso_time_pattern() }}' and left({{ value }}, 4) != '0000' then
            case
                when {{ after_minutes }} ~ '^:60|[-+]' then {{ usable_time(
                    local_time('replace(' ~ value ~ ", ':60', ':59')") ~ " + interval '1 second' * case when "
                    ~ after_minutes ~ " like ':60%' then 1 else 0 end - interval '1 minute' * " ~ zone_minutes(after_minutes)
                ) }}
                else {{ local_time(value) }}
            end
        when {{ value }} ~ '{{ whole_number_pattern() }}' then {{ epoch_time('cast(split_part(' ~ value ~ ", '.', 1) as bigint)") }}
    end
{%- endmacro %}

{#- PostgreSQL: the time that such text (without second 60) says before its zone, to the microsecond. -#}
{% macro local_time(value) -%}
    cast(left({{ value }}, 16) || left(split_part(translate(substr({{ value }}, 17), ' ZU+-', '+++++'), '+', 1), 10) as timestamp)
{%- endmacro %}

{#- PostgreSQL: minutes that the zone in such text is ahead of UTC. after_minutes: what follows HH:MM. -#}
{% macro zone_minutes(after_minutes) -%}
    {%- set zone = "replace(split_part(translate(" ~ after_minutes ~ ", '-', '+'), '+', 2), ':', '')" -%}
    case
        when {{ zone }} = '' then 0
        else (60 * cast(left({{ zone }}, 2) as integer) + cast(substr({{ zone }} || '00', 3, 2) as integer))
            * case when strpos({{ after_minutes }}, '-') > 0 then -1 else 1 end
    end
{%- endmacro %}

{#- DuckDB reads most of it directly, except second 60, a blank before the zone, and the zone UTC. -#}
{% macro duckdb__parse_time(text) -%}
    {%- set value = 'trim(' ~ text ~ ", ' ')" -%}
    {%- set written_so -%}
        replace(left({{ value }}, 16) || replace(replace(substr({{ value }}, 17), ' ', ''), 'UTC', 'Z'), ':60', ':59')
    {%- endset -%}
    {%- set second_60 = 'case when substr(' ~ value ~ ", 17, 3) = ':60' then 1 else 0 end" -%}
    case
        when regexp_matches({{ value }}, '{{ iso_time_pattern() }}') then
            case
                when regexp_matches({{ value }}, '^.{16}(:60|.*[ U])|^0000|^0001-01-01|^9999-12-31') then {{ usable_time(
                    'try_cast(' ~ written_so ~ " as timestamptz) at time zone 'UTC' + interval '1 second' * " ~ second_60
                ) }}
                else try_cast({{ value }} as timestamptz) at time zone 'UTC'
            end
        when regexp_matches({{ value }}, '{{ whole_number_pattern() }}')
            then {{ epoch_time('try_cast(split_part(' ~ value ~ ", '.', 1) as bigint)") }}
    end
{%- endmacro %}

{#- ISO 8601 as it is read: YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][[ ]Z|UTC|+HH[[:]MM]]]; only days that there are, and second 60. -#}
{% macro iso_time_pattern() -%}
    {%- set leap_year = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)' -%}
    {%- set day = '([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|' ~ leap_year ~ '-02-29)' -%}
    {%- set seconds = ':([0-5][0-9]|60)([.][0-9]+)?' -%}
    {%- set zone = ' ?(Z|UTC|[-+]([01][0-9]|2[0-3])(:?[0-5][0-9])?)' -%}
    ^{{ day }}([T ]([01][0-9]|2[0-3]):[0-5][0-9]({{ seconds }})?({{ zone }})?)?$
{%- endmacro %}

{#- A whole number below 10^18; no greater one is a time. -#}
{% macro whole_number_pattern() -%}
    ^-?0*[0-9]{1,18}([.]0*)?$
{%- endmacro %}

{#- UTC time from a whole number (bigint, less than 10^18): by its size seconds, milliseconds or microseconds since 1970. -#}
{% macro epoch_time(number) -%}
    {%- set microseconds -%}
        {{ number }} * case when abs({{ number }}) < 100000000000 then 1000000 when abs({{ number }}) < 100000000000000 then 1000 else 1 end
    {%- endset -%}
    {#- years 1 to 9999 -#}
    case when {{ microseconds }} between -62135596800000000 and 253402300799999999 then {{ time_of_microseconds('(' ~ microseconds ~ ')') }} end
{%- endmacro %}

{% macro time_of_microseconds(microseconds) -%}
    {{ adapter.dispatch('time_of_microseconds', 'signup_attribution')(microseconds) }}
{%- endmacro %}

{#- In two parts, because the factor of an interval is a double, which cannot represent all microseconds. -#}
{% macro default__time_of_microseconds(microseconds) -%}
    timestamp '1970-01-01' + interval '1 second' * ({{ microseconds }} / 1000000) + interval '1 microsecond' * ({{ microseconds }} % 1000000)
{%- endmacro %}

{% macro duckdb__time_of_microseconds(microseconds) -%}
    make_timestamp({{ microseconds }})
{%- endmacro %}

{#- A number as bigint, if it is one. (DuckDB may evaluate it for others too.) -#}
{% macro as_bigint(number) -%}
    {{ adapter.dispatch('as_bigint', 'signup_attribution')(number) }}
{%- endmacro %}

{% macro default__as_bigint(number) -%}
    cast({{ number }} as bigint)
{%- endmacro %}

{% macro duckdb__as_bigint(number) -%}
    try_cast({{ number }} as bigint)
{%- endmacro %}

{#- A number to compare with integers. DuckDB would cast these to the type of a decimal, in which they may not fit. -#}
{% macro comparable_number(number) -%}
    {{ adapter.dispatch('comparable_number', 'signup_attribution')(number) }}
{%- endmacro %}

{% macro default__comparable_number(number) -%}
    {{ number }}
{%- endmacro %}

{% macro duckdb__comparable_number(number) -%}
    try_cast({{ number }} as hugeint)
{%- endmacro %}

{#- Functions that an engine lacks, created in the refresh schema before the first model. -#}
{% macro create_helper_functions() -%}
    {{ adapter.dispatch('create_helper_functions', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__create_helper_functions() -%}
{%- endmacro %}

{% macro postgres__create_helper_functions() -%}
    create schema if not exists "{{ project_schema('refresh') }}";
    create or replace function "{{ project_schema('refresh') }}".cast_or_null(value text, result anyelement, type text)
    returns anyelement as $function$
    begin
        if type like '%(%' then
            execute format('select cast($1 as %s)', type) into result using value;
        else
            result := value;
        end if;
        return result;
    exception when others then
        return null;
    end
    $function$ language plpgsql stable parallel restricted set search_path to pg_catalog;
    create or replace function "{{ project_schema('refresh') }}".url_decode(value text) returns text as $function$
    begin
        if value !~ '[%+]' then
            return value;
        end if;
        return convert_from(
            decode(
                (
                    select string_agg(
                        case
                            when part[1] ~ '^%[0-9a-fA-F]{2}$' then substring(part[1] from 2)
                            else encode(convert_to(part[1], 'UTF8'), 'hex')
                        end, '' order by position
                    )
                    from regexp_matches(replace(value, '+', ' '), '(%[0-9a-fA-F]{2}|.)', 'g') with ordinality as parts (part, position)
                ), 'hex'
            ), 'UTF8'
        );
    exception when others then
        return value;
    end
    $function$ language plpgsql immutable strict parallel restricted set search_path to pg_catalog;
{%- endmacro %}

{#- Start of the clock interval of session-gap length that a time falls in. -#}
{% macro clock_bucket(time) -%}
    {{ adapter.dispatch('clock_bucket', 'signup_attribution')(time) }}
{%- endmacro %}

{% macro default__clock_bucket(time) -%}
    date_bin({{ session_gap() }}, {{ time }}, timestamp '2000-01-01')
{%- endmacro %}

{% macro duckdb__clock_bucket(time) -%}
    time_bucket({{ session_gap() }}, {{ time }}, timestamp '2000-01-01')
{%- endmacro %}

{#- Whole microseconds from one time to a later one. -#}
{% macro microseconds_between(earlier, later) -%}
    {{ adapter.dispatch('microseconds_between', 'signup_attribution')(earlier, later) }}
{%- endmacro %}

{% macro default__microseconds_between(earlier, later) -%}
    cast(extract(epoch from {{ later }} - {{ earlier }}) * 1000000 as bigint)
{%- endmacro %}

{#- DuckDB's epoch of an interval is inexact. -#}
{% macro duckdb__microseconds_between(earlier, later) -%}
    date_diff('microsecond', {{ earlier }}, {{ later }})
{%- endmacro %}

{#- Seconds, and days, with fraction: a single division of a whole number, whose last digit is the same on every engine. -#}
{% macro seconds_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as double precision) / 1000000
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as double precision) / 86400000000
{%- endmacro %}

{#- From one date to another. -#}
{% macro whole_days_between(earlier, later) -%}
    {{ adapter.dispatch('whole_days_between', 'signup_attribution')(earlier, later) }}
{%- endmacro %}

{% macro default__whole_days_between(earlier, later) -%}
    {{ later }} - {{ earlier }}
{%- endmacro %}

{#-
    ANALYZE the table that was just written: without it the planner takes a few new rows for one or none. Nothing on engines that
    keep statistics themselves, or if little changed, because sampling takes just as long then. A table searched by
    batch is analyzed after any change, since nothing is known of the newest batch; another one when a tenth changed (autovacuum's
    scale factor; the next model cannot wait for autovacuum). Changes in the transaction of an ANALYZE count again in the next one.
-#}
{% macro analyze_table(relation) -%}
    {{ adapter.dispatch('analyze_table', 'signup_attribution')(relation) }}
{%- endmacro %}

{% macro default__analyze_table(relation) -%}
{%- endmacro %}

{% macro postgres__analyze_table(relation) -%}
    {%- set is_partitioned = (config.get('meta') or {}).get('monthly_partitions_by') is not none -%}
    {%- set share = 0 if {'columns': ['batch_id']} in (config.get('indexes') or []) else 0.1 -%}
    {%- if not is_partitioned -%}
    do $do$
    begin
        if (
            select changed > 0 and (reltuples < 0 or pg_stat_get_mod_since_analyze(oid) + changed > {{ share }} * reltuples)
            from (
                select oid, reltuples, pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_deleted(oid) as changed
                from pg_class
                where oid = cast('{{ relation.include(database=false) }}' as regclass)
            ) as stored
        ) then
            analyze {{ relation }};
        end if;
    end
    $do$
    {%- elif not is_incremental() -%}
    analyze {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#-
    SQL to run before a few rows of a temporary table are looked up in a large one by these columns: without statistics
    PostgreSQL expects few distinct persons, and scans the whole large table.
-#}
{% macro analyze_columns(relation, columns) -%}
    {{ adapter.dispatch('analyze_columns', 'signup_attribution')(relation, columns) }}
{%- endmacro %}

{% macro default__analyze_columns(relation, columns) -%}
{%- endmacro %}

{% macro postgres__analyze_columns(relation, columns) -%}
    analyze {{ relation }} ({{ columns | join(', ') }});
{%- endmacro %}
