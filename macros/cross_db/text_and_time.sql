{#- Text and time: what differs between engines. -#}

{#- The time now, as UTC without zone. -#}
{% macro utc_now() -%}
    cast(current_timestamp at time zone 'UTC' as timestamp)
{%- endmacro %}

{#- Text that is compared byte by byte on every engine, so that ties are broken alike. -#}
{% macro as_id_text(expression) -%}
    {{ adapter.dispatch('as_id_text', 'signup_attribution')(expression) }}
{%- endmacro %}

{% macro default__as_id_text(expression) -%}
    cast({{ expression }} as text)
{%- endmacro %}

{% macro postgres__as_id_text(expression) -%}
    cast({{ expression }} as text) collate "C"
{%- endmacro %}

{#- Text in lower case, in all alphabets: text that is compared byte by byte has none but ASCII letters on PostgreSQL. -#}
{% macro lower_case(text) -%}
    {{ adapter.dispatch('lower_case', 'signup_attribution')(text) }}
{%- endmacro %}

{% macro default__lower_case(text) -%}
    lower({{ text }})
{%- endmacro %}

{% macro postgres__lower_case(text) -%}
    lower(({{ text }}) collate "default") collate "C"
{%- endmacro %}

{#- An 'infinity' that a source holds, or a year that has not four digits, is no usable time. -#}
{% macro usable_time(expression) -%}
    case when {{ expression }} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999' then {{ expression }} end
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
    UTC time from ISO 8601 text (YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][Z|+HH[:MM]]], no zone means UTC, the fraction cut to
    microseconds), or null where the text is none.
-#}
{% macro parse_time(text) -%}
    {{ adapter.dispatch('parse_time', 'signup_attribution')(text) }}
{%- endmacro %}

{% macro default__parse_time(text) -%}
    "{{ project_schema('refresh') }}".parse_time({{ text }})
{%- endmacro %}

{% macro duckdb__parse_time(text) -%}
    case
        when regexp_matches(trim({{ text }}), '{{ iso_time_pattern() }}')
            then try_cast(regexp_replace(trim({{ text }}), '([.][0-9]{1,6})[0-9]*', '\1') as timestamptz) at time zone 'UTC'
    end
{%- endmacro %}

{% macro iso_time_pattern() -%}
    ^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?$
{%- endmacro %}

{#- Functions that an engine lacks, made in the refresh schema before the first model. -#}
{% macro create_helper_functions() -%}
    {{ adapter.dispatch('create_helper_functions', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__create_helper_functions() -%}
{%- endmacro %}

{% macro postgres__create_helper_functions() -%}
    create schema if not exists "{{ project_schema('refresh') }}";
    create or replace function "{{ project_schema('refresh') }}".parse_time(value text) returns timestamp as $function$
    begin
        if trim(value) !~ '{{ iso_time_pattern() }}' then
            return null;
        end if;
        value := regexp_replace(trim(value), '([.][0-9]{6})[0-9]+', '\1');
        return cast(
            case
                when trim(value) ~ '(Z|UTC|[0-9]{2}:[0-9]{2}.*[+-][0-9]{2}(:?[0-9]{2})?)$' then trim(value)
                else trim(value) || 'Z'
            end as timestamptz
        ) at time zone 'UTC';
    exception when others then
        return null;
    end
    $function$ language plpgsql immutable strict parallel restricted;
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
    $function$ language plpgsql immutable strict parallel restricted;
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

{#- DuckDB's epoch of an interval is not exact. -#}
{% macro duckdb__microseconds_between(earlier, later) -%}
    date_diff('microsecond', {{ earlier }}, {{ later }})
{%- endmacro %}

{#- Seconds, and days, with the fraction: one division of a whole number, which has the same last digit on every engine. -#}
{% macro seconds_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as double precision) / 1000000
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as double precision) / 86400000000
{%- endmacro %}

{#-
    SQL that gives the planner the facts of a table just made or changed, from a sample: without them it takes a few new rows
    for one or none. Nothing where the engine keeps such facts itself, or where they are nearly as they were, as a sample takes
    as long however little changed: a table in which rows are looked up by their batch is sampled after any change, since the
    newest batch is what nothing is known of, another one when a tenth changed (autovacuum_analyze_scale_factor, for which the
    next model cannot wait). What changed in the transaction of a sample counts once more in the next one.
-#}
{% macro analyze_table() -%}
    {{ adapter.dispatch('analyze_table', 'signup_attribution')() }}
{%- endmacro %}

{% macro default__analyze_table() -%}
{%- endmacro %}

{% macro postgres__analyze_table() -%}
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
                where oid = cast('{{ this.include(database=false) }}' as regclass)
            ) as stored
        ) then
            analyze {{ this }};
        end if;
    end
    $do$
    {%- elif not is_incremental() -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}

{#-
    SQL, before few rows of a temporary table are looked up in a large one by these columns: PostgreSQL takes what it knows
    nothing of for rows of few persons, and reads the large table from one end to the other.
-#}
{% macro analyze_columns(relation, columns) -%}
    {{ adapter.dispatch('analyze_columns', 'signup_attribution')(relation, columns) }}
{%- endmacro %}

{% macro default__analyze_columns(relation, columns) -%}
{%- endmacro %}

{% macro postgres__analyze_columns(relation, columns) -%}
    analyze {{ relation }} ({{ columns | join(', ') }});
{%- endmacro %}
