{#- The models that read message_buckets, each by its own watermark: the table holds what the slowest has not applied. -#}
{% macro bucket_readers() %}
    {{ return(['known_pairs', 'identity_spans', 'device_owners', 'aliases', 'device_sessions']) }}
{% endmacro %}

{#-
    Query on the rows this model has not applied of a table that holds only new rows (new_messages, message_buckets).
    Refuses when the model must be rebuilt from all of history but that table was made for less (the model was selected alone),
    or when a table that goes with it (companion) was not made after it.
-#}
{% macro unapplied(name, companion=none) -%}
    {%- set relation = ref(name) -%}
    {%- if execute and model.resource_type == 'model' and config.get('materialized') == 'incremental' -%}
        {%- for row in state_rows('models', 'select reads_after from ' ~ state_table('models') ~ ' where model = ' ~ quoted(name)) if row[0] > applied_batch_id() -%}
            {%- do stop(model.name ~ ' has to be rebuilt but ' ~ name ~ ' holds only new rows: select it too (dbt run --full-refresh --select ' ~ name ~ '+).') -%}
        {%- endfor -%}
        {%- for row in (state_rows('models', 'select count(distinct batch_id) from ' ~ state_table('models') ~ ' where model in (' ~ quoted(name) ~ ', ' ~ quoted(companion) ~ ')') if companion else []) if row[0] > 1 -%}
            {%- do stop(companion ~ ' is older than ' ~ name ~ ': select both (dbt run --select ' ~ name ~ '+).') -%}
        {%- endfor -%}
    {%- endif -%}
    select * from {{ relation }}
    {%- if config.get('materialized') == 'incremental' %}
    where batch_id > {{ applied_batch_id() }}
    {%- endif -%}
{%- endmacro %}
