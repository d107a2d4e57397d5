{#-
    A model of many rows is built from scratch part by part, each with some of the devices or persons, so that a part fits into
    memory; else DuckDB gives up or writes much to disk. The model's query makes the first part, its post-hook
    insert_other_parts the others. PostgreSQL uses no more memory for more rows.
-#}

{#- Condition on rows of a relation: that they are of the part that is made now. key: the column whose rows stay together. -#}
{% macro of_this_part(relation, key) -%}
    {%- set count = part_count(relation) -%}
    {{ part_condition('hash(' ~ key ~ ')', count, 0) if count > 1 else 'true' }}
{%- endmacro %}

{#- How many parts the model is built from scratch in; asked for the first relation of which it reads a part. -#}
{% macro part_count(relation) %}
    {{ return(adapter.dispatch('part_count', 'signup_attribution')(relation)) }}
{% endmacro %}

{% macro default__part_count(relation) %}
    {{ return(1) }}
{% endmacro %}

{% macro duckdb__part_count(relation) %}
    {%- set parts = remembered('parts of ' ~ model.unique_id) -%}
    {%- set hooks = model.config.get('post-hook', []) | map(attribute='sql') | join -%}
    {%- if flags.WHICH in ['run', 'build'] and execute and model.resource_type == 'model' and not parts and not is_incremental()
            and 'insert_other_parts' in hooks -%}
        {%- set rows, limit = run_query("select count(*), current_setting('memory_limit') from " ~ relation).rows[0].values() -%}
        {%- set gigabytes = (limit.split(' ')[0] | float) * {'KiB': 2 ** -20, 'MiB': 2 ** -10, 'GiB': 1, 'TiB': 2 ** 10}[limit.split(' ')[1]] -%}
        {%- do parts.update({'count': (rows / var('build_rows_per_gb') / gigabytes) | round(0, 'ceil') | int}) -%}
    {%- endif -%}
    {{ return(parts.get('count', 1)) }}
{% endmacro %}

{#- Condition that a row is of the part of that number; the comment tells it from everything else in the model's SQL. -#}
{% macro part_condition(hashed, count, number) -%}
    {{ hashed }} % {{ count }} = {{ number }} /* part */
{%- endmacro %}

{#- Post-hook: SQL that adds the other parts to the model's table. -#}
{% macro insert_other_parts() -%}
    {%- set count = remembered('parts of ' ~ model.unique_id).get('count', 1) -%}
    {%- for number in range(1, count) %}
    insert into {{ this }} by name {{ sql | replace(part_condition('', count, 0), part_condition('', count, number)) }};
    {%- endfor -%}
{%- endmacro %}
