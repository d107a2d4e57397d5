{#- The models that read message_buckets, each by its own watermark: the table holds what the slowest has not applied. -#}
{% macro bucket_readers() %}
    {{ return(['known_pairs', 'identity_spans', 'device_owners', 'aliases', 'device_sessions']) }}
{% endmacro %}

{#-
    Query on the buckets this model has not applied. Refuses when the model must be rebuilt from all of history but the
    buckets of earlier batches are gone (the model was selected alone).
-#}
{% macro new_buckets() -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- for row in state_rows('models', 'select reads_after from ' ~ state_table('models') ~ " where model = 'message_buckets'") if row[0] > applied_batch_id() -%}
            {%- do stop(model.name ~ ' has to be rebuilt but message_buckets holds only new messages: select message_buckets too (dbt run --full-refresh --select message_buckets ' ~ model.name ~ '+).') -%}
        {%- endfor -%}
    {%- endif -%}
    select * from {{ ref('message_buckets') }}
    where batch_id > {{ applied_batch_id() }}
{%- endmacro %}
