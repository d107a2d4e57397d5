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
        {%- set states = model_states() -%}
        {%- if name in states and states[name].reads_after > applied_batch_id() -%}
            {%- do stop(model.name ~ ' has to be rebuilt but ' ~ name ~ ' holds only new rows: select it too (dbt run --full-refresh --select ' ~ name ~ '+).') -%}
        {%- endif -%}
        {%- if name in states and companion in states and states[name].batch_id != states[companion].batch_id -%}
            {%- do stop(companion ~ ' is older than ' ~ name ~ ': select both (dbt run --select ' ~ name ~ '+).') -%}
        {%- endif -%}
    {%- endif -%}
    select * from {{ relation }}
    {%- if config.get('materialized') == 'incremental' %}
    where batch_id > {{ applied_batch_id() }}
    {%- endif -%}
{%- endmacro %}

{#-
    Post-hook of the models that read a table of new rows: the last of them to apply it empties it, since nobody needs the rows
    again and on the first load they take as much room as the messages themselves. What is empty already is left alone, and so is,
    until the next refresh, what somebody still reads.
-#}
{% macro empty_when_applied(name, readers) %}
    {%- set states = model_states(is_asked_anew=true) if execute else {} -%}
    {%- set behind = [] -%}
    {%- for reader in readers if reader != model.name and (reader not in states or states[reader].batch_id < states[name].batch_id) -%}
        {%- do behind.append(reader) -%}
    {%- endfor -%}
    {%- if name in states and not behind and states[name].reads_after < states[name].batch_id %}
    {{ empty_unless_used(
        stored_relation(name), 'update ' ~ state_table('models') ~ ' set reads_after = batch_id where model = ' ~ quoted(name)
    ) }}
    {%- endif -%}
{% endmacro %}
