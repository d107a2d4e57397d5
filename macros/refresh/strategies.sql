{#- The two ways a stored table changes. Each is one transaction with the model's watermark. -#}

{#- append_rows: the new rows are added; the stored ones stay. -#}
{% macro get_incremental_append_rows_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {{ prepare_target(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
    {{ record_batch(arg_dict['temp_relation']) }}
{% endmacro %}

{#-
    replace_keys: all stored rows of the affected keys make way for the new rows.
    The keys are the model's unique_key; affected are those of affected_aliases (config meta.affected_by: affected_aliases)
    or, by default, the keys of the new rows themselves.
-#}
{% macro get_incremental_replace_keys_sql(arg_dict) %}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ target_relation }}
    {%- if (config.get('meta') or {}).get('affected_by') == 'affected_aliases' %}
    {{ of_affected_aliases() }};
    {%- else %}
    using (select distinct {{ keys | join(', ') }} from {{ arg_dict['temp_relation'] }}) as affected_keys
    where {% for key in keys %}{{ 'and ' if not loop.first }}{{ target_relation }}.{{ key }} = affected_keys.{{ key }} {% endfor %};
    {%- endif %}
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
    {{ record_batch(arg_dict['temp_relation']) }}
{% endmacro %}

{#- In an incremental run, keeps the rows of persons whose sessions, touches or attribution may have changed. -#}
{% macro of_affected_aliases() -%}
    {%- set affected_aliases = ref('affected_aliases') -%}
    {%- if is_incremental() -%}
        where alias_id in (select alias_id from {{ affected_aliases }} where batch_id > {{ applied_batch_id() }})
    {%- endif -%}
{%- endmacro %}

{#- The models that are made again for affected persons, each by its own watermark. -#}
{% macro alias_readers() %}
    {{ return(['session_members', 'touches', 'all_sessions', 'attribution', 'useful_sessions']) }}
{% endmacro %}
