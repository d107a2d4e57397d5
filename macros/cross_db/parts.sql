{#-
    A model of many rows is built from scratch part by part, each with some of the devices or persons, so that a part fits into
    memory: DuckDB has to hold the longest texts of all groups at once, PostgreSQL writes what does not fit to disk. The model's
    query makes the first part, its post-hook the others.
-#}

{#- Rows that one part may have for each gigabyte of memory. -#}
{% macro rows_of_a_part() %}
    {{ return(var('build_rows_per_gb')) }}
{% endmacro %}

{#- Condition on rows of a relation: that they are of the part that is made now. key: the column whose rows stay together. -#}
{% macro of_this_part(relation, key) -%}
    {{ adapter.dispatch('of_this_part', 'signup_attribution')(relation, key) }}
{%- endmacro %}

{% macro default__of_this_part(relation, key) -%}
    true
{%- endmacro %}

{% macro duckdb__of_this_part(relation, key) -%}
    {%- set parts = remembered('parts of ' ~ model.unique_id) -%}
    {%- if execute and not is_incremental() and not parts -%}
        {%- set (rows, limit) = run_query("select count(*), current_setting('memory_limit') from " ~ relation).rows[0].values() -%}
        {%- set gigabytes = (limit.split(' ')[0] | float) / {'KiB': 1048576, 'MiB': 1024, 'GiB': 1, 'TiB': 0.0009765625}[limit.split(' ')[1]] -%}
        {%- do parts.update({'key': key, 'count': (rows / rows_of_a_part() / gigabytes) | round(0, 'ceil') | int}) -%}
    {%- endif -%}
    {{ part_condition(key, parts.count, 0) if parts.get('count', 1) > 1 else 'true' }}
{%- endmacro %}

{#- Condition that a row is of the part of that number. -#}
{% macro part_condition(key, count, number) -%}
    hash({{ key }}) % {{ count }} = {{ number }}
{%- endmacro %}

{#- Post-hook: SQL that adds the other parts to the model's table. -#}
{% macro insert_other_parts() -%}
    {%- set parts = remembered('parts of ' ~ model.unique_id) -%}
    {%- for number in range(1, parts.get('count', 1)) %}
    insert into {{ this }} {{ sql | replace(part_condition(parts.key, parts.count, 0), part_condition(parts.key, parts.count, number)) }};
    {%- endfor -%}
{%- endmacro %}
