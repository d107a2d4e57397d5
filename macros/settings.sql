{#- Meaning and limits of the project's variables, one macro per setting that SQL needs. -#}

{#- The longest pause inside one session, as an interval. Exactly this long is still the same session. -#}
{% macro session_gap() -%}
    interval '{{ (var('session_gap_minutes') | float * 60 * 1000000) | round | int }} microseconds'
{%- endmacro %}

{#- How long after a session's first event a later event may still give the entry its evidence, as an interval. -#}
{% macro entry_window() -%}
    interval '{{ (var('entry_window_seconds') | float * 1000000) | round | int }} microseconds'
{%- endmacro %}

{#- How far a client's clock may run ahead of the receiving server, as an interval. -#}
{% macro max_clock_skew() -%}
    interval '{{ (var('max_clock_skew_minutes') | float * 60 * 1000000) | round | int }} microseconds'
{%- endmacro %}

{#- Condition that the client's clock is wrong: further ahead of the server's, or behind it, than allowed. -#}
{% macro is_wrong_clock(claimed_at, received_at) -%}
    coalesce(
        {{ claimed_at }} > {{ received_at }} + {{ max_clock_skew() }}
        {%- if var('max_event_age_days') is not none %}
        or {{ claimed_at }} < {{ received_at }} - interval '{{ (var('max_event_age_days') | float * 86400 * 1000000) | round | int }} microseconds'
        {%- endif %},
        false
    )
{%- endmacro %}

{#- How long before a sign-up a touch may be and still count, as an interval. -#}
{% macro attribution_lookback() -%}
    interval '{{ (var('attribution_lookback_days') | float * 86400 * 1000000) | round | int }} microseconds'
{%- endmacro %}

{#- A text literal, with quotes doubled. -#}
{% macro quoted(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}

{#- A name of SQL, with quotes doubled: adapter.quote does not, and columns of sources may be named anything. -#}
{% macro quoted_name(name) -%}
    "{{ (name | string).replace('"', '""') }}"
{%- endmacro %}

{#- The names of columns as a list of SQL. -#}
{% macro quoted_names(columns) -%}
    {%- for column in columns -%}{{ quoted_name(column.name) }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#- Whether a variable's value is a list. dbt parses the models before variables are checked. -#}
{% macro is_list(value) %}
    {{ return(value is iterable and value is not string and value is not mapping) }}
{% endmacro %}

{#- The elements of a variable that is a list; none where it is something else. -#}
{% macro listed(name) %}
    {{ return(var(name) if is_list(var(name)) else []) }}
{% endmacro %}

{#- `expression in ('a', 'b')`; false for an empty list. -#}
{% macro is_one_of(expression, values) -%}
    {%- if values and is_list(values) -%}
        coalesce({{ expression }} in ({%- for value in values -%}{{ quoted(value) }}{{ ', ' if not loop.last }}{%- endfor -%}), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- Settings that shape stored rows: a refresh with other values would mix two meanings in one table, so it is refused. -#}
{% macro stored_settings() %}
    {%- set names = ['session_gap_minutes', 'identity_policy', 'signup_events', 'ignored_events', 'own_domains',
                     'max_clock_skew_minutes', 'max_event_age_days', 'oldest_month', 'entry_window_seconds', 'blog_url_pattern',
                     'attribution_lookback_days', 'max_users_per_person', 'sample'] -%}
    {#- increase the version when messages are read or stored differently, so that tables have to be rebuilt from the sources -#}
    {%- set settings = {'version': '4'} -%}
    {%- for name in names -%}
        {%- set value = var(name) -%}
        {%- do settings.update({name: tojson(value | map('string') | sort if is_list(value) else value | float if value is number else value)}) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- do settings.update({'seeds/invalid_ids.csv': graph.nodes['seed.signup_attribution.invalid_ids'].checksum.checksum}) -%}
    {%- endif -%}
    {{ return(settings) }}
{% endmacro %}

{#- Stops with one sentence if a variable has a value that makes no sense. -#}
{% macro check_variables() %}
    {%- do stop_if_any(variable_problems()) -%}
{% endmacro %}

{#- Why a sample is refused here. -#}
{% macro sample_refused() -%}
    A sample would replace the tables of everybody: set SIGNUP_ATTRIBUTION_SCHEMA to schemas of your own such as dev_ann.
{%- endmacro %}

{#- Whether the value of a variable is a number from 0 up to a limit. -#}
{% macro is_number_up_to(limit, value) %}
    {{ return(value is number and value is not boolean and 0 <= value <= limit) }}
{% endmacro %}

{#- A sentence for each variable whose value makes no sense. -#}
{% macro variable_problems() %}
    {%- set problems, lists = [], ['signup_events', 'ignored_events', 'own_domains', 'attributed_channels', 'pass_through_columns'] -%}
    {%- set zone, currency, since, month = var('report_timezone'), var('reporting_currency'), var('since'), var('oldest_month') | string -%}
    {%- set lookback, age, sample = var('attribution_lookback_days'), var('max_event_age_days'), var('sample') -%}
    {%- set checks = [
        ('report_timezone', zone == 'UTC' or is_time_zone(zone), 'the name of a time zone such as Europe/Berlin'),
        ('reporting_currency', currency is none or currency is string, 'a currency such as USD, or null'),
        ('attribution_lookback_days', lookback is none or is_number_up_to(1000000, lookback), 'a number of days or null'),
        ('max_event_age_days', age is none or age and is_number_up_to(1000000, age), 'a number of days above 0, or null'),
        ('oldest_month', modules.re.match('^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$', month) and month < '2040-01',
         'a month from 1900-01 to 2039-12, such as 2010-01'),
        ('identity_policy', var('identity_policy') in ['timeline', 'first', 'last'], 'timeline, first or last'),
        ('blog_url_pattern', var('blog_url_pattern') is string, 'a text with % as wildcard'),
        ('sample', sample is none or sample and is_number_up_to(100, sample), 'a percentage above 0 and up to 100'),
        ('since', since is none or modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', since | string), 'a date such as 2026-01-31')
    ] -%}
    {%- for name in ['session_gap_minutes', 'time_decay_half_life_days', 'build_rows_per_gb'] -%}
        {%- do checks.append((name, var(name) and is_number_up_to(1000000000, var(name)), 'a number above 0')) -%}
    {%- endfor -%}
    {%- for name in ['max_clock_skew_minutes', 'entry_window_seconds', 'reload_overlap_hours'] -%}
        {%- do checks.append((name, is_number_up_to(1000000000, var(name)), 'a number of 0 or more')) -%}
    {%- endfor -%}
    {%- for name in ['max_users_per_person', 'max_usual_partners', 'spark_buckets'] -%}
        {%- do checks.append((name, var(name) is integer and 1 <= var(name) <= 1000000, 'a whole number of 1 or more')) -%}
    {%- endfor -%}
    {%- for name in ['position_first_share', 'position_last_share'] -%}
        {%- do checks.append((name, is_number_up_to(1, var(name)), 'a number from 0 to 1')) -%}
    {%- endfor -%}
    {%- for name in lists -%}
        {%- do checks.append((name, is_list(var(name)), 'a list')) -%}
    {%- endfor -%}
    {%- for name, is_fine, wanted in checks if not is_fine -%}
        {%- do problems.append(name ~ ' must be ' ~ wanted ~ ', not ' ~ tojson(var(name)) ~ ': correct it' ~ ('.' if name in ['sample', 'since'] else ' under vars.')) -%}
    {%- endfor -%}
    {%- if not problems and var('position_first_share') + var('position_last_share') > 1 -%}
        {%- do problems.append('position_first_share and position_last_share must not add up to more than 1: correct them under vars.') -%}
    {%- endif -%}
    {%- if sample is not none and not schema_prefix() -%}
        {%- do problems.append(sample_refused()) -%}
    {%- endif -%}
    {%- for name in lists -%}
        {%- for value in listed(name) if not (value is string and value | trim) and not (name == 'pass_through_columns' and is_typed_column(value)) -%}
            {%- do problems.append(name ~ ' must be a list of texts' ~ (' or {name, type}' if name == 'pass_through_columns' else '') ~ ', and ' ~ tojson(value) ~ ' is not one: correct it under vars.') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set taken = message_columns() + ['source_place', 'batch_id'] -%}
    {%- for column in pass_through_columns() -%}
        {%- if column.name | lower in taken -%}
            {%- do problems.append('pass_through_columns names ' ~ tojson(column.name) ~ ', which app_tracks already has: remove it.') -%}
        {%- endif -%}
        {%- do taken.append(column.name | lower) -%}
    {%- endfor -%}
    {%- if not problems -%}
        {%- do try_types() -%}
    {%- endif -%}
    {{ return(problems) }}
{% endmacro %}

{#- Asks the database for the types in pass_through_columns; scripts/database/errors.py says its refusal in one sentence. -#}
{% macro try_types() %}
    {%- for column in listed('pass_through_columns') if column is not string and execute -%}
        {%- do run_query('select cast(null as ' ~ column.get('type', 'text') ~ ') as pass_through_columns') -%}
    {%- endfor -%}
{% endmacro %}

{#- Whether an element of pass_through_columns is a {name, type}, both texts, the type optional. -#}
{% macro is_typed_column(value) %}
    {{ return(value is mapping and value.get('name') is string and value.get('name') | trim != '' and value.get('type', 'text') is string) }}
{% endmacro %}

{#- Ends the run with one sentence that says what to do. -#}
{% macro stop(sentence) %}
    {%- do exceptions.raise_compiler_error(sentence) -%}
{% endmacro %}

{#- Ends the run with the first of these sentences, if there is one. -#}
{% macro stop_if_any(problems) %}
    {%- for problem in problems -%}
        {%- do stop(problem) -%}
    {%- endfor -%}
{% endmacro %}
