{#-
    A large model is built from scratch in parts, each with some of the devices or persons, so that a part fits into memory;
    otherwise DuckDB fails or spills heavily to disk. The model's query builds the part that the session's variables name, and
    the materialization runs it again for the others. PostgreSQL does not need more memory for more rows.
-#}

{#- Condition on rows of a relation: that they belong to the current part. key: the column whose rows stay together. -#}
{% macro of_this_part(relation, key) -%}
    {{ adapter.dispatch('of_this_part', 'signup_attribution')(relation, key) }}
{%- endmacro %}

{% macro default__of_this_part(relation, key) -%}
    true
{%- endmacro %}

{% macro duckdb__of_this_part(relation, key) -%}
    {%- if part_count(relation) > 1 -%}
        hash({{ key }}) % {{ part_count(relation) }} = getvariable('part')
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Number of parts in which the model is built from scratch, by the row count of the first relation it reads in parts. -#}
{% macro part_count(relation=none) %}
    {%- set parts = run_cache('parts of ' ~ table_name()) -%}
    {%- if relation is not none and not parts and flags.WHICH in ['run', 'build'] and execute and model.resource_type == 'model' and not is_incremental() -%}
        {%- set rows, limit = run_query("select count(*), current_setting('memory_limit') from " ~ relation).rows[0].values() -%}
        {%- set gigabytes = (limit.split(' ')[0] | float) * {'KiB': 2 ** -20, 'MiB': 2 ** -10, 'GiB': 1, 'TiB': 2 ** 10}[limit.split(' ')[1]] -%}
        {%- do parts.update({'count': (rows / var('build_rows_per_gb') / gigabytes) | round(0, 'ceil') | int}) -%}
    {%- endif -%}
    {{ return(parts.get('count', 1)) }}
{% endmacro %}

{#- SQL before the first part: a failed model may have left another part set in the session. -#}
{% macro begin_parts() -%}
    {{ 'set variable part = 0;' if part_count() > 1 }}
{%- endmacro %}

{#- Adds the other parts to a relation that the first one has created. -#}
{% macro add_other_parts(relation) -%}
    {%- for number in range(1, part_count()) -%}
        {%- call statement('part') -%}
            set variable part = {{ number }};
            insert into {{ relation }} by name {{ sql }};
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}
