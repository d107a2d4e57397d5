{#- The two ways a stored table changes. Each is one transaction with the model's watermark. -#}

{#- append_rows: the new rows are added; the stored ones stay. -#}
{% macro get_incremental_append_rows_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {{ prepare_target(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    {{ insert_rows(arg_dict['target_relation'], arg_dict['temp_relation'], columns) }}
    {{ record_batch(arg_dict['temp_relation']) }}
{% endmacro %}

{#-
    replace_keys: the stored rows of the affected keys make way for the new rows. A row that stays as it is is not written
    again, so that a table grows and is rewritten by what changed, not by whom it is about.
    unique_key: the columns that tell rows apart. Affected are the persons of affected_aliases (config meta.affected_by:
    affected_aliases), or else all rows that share the columns meta.replaced_by (by default unique_key) with a new row.
-#}
{% macro get_incremental_replace_keys_sql(arg_dict) %}
    {%- set meta = config.get('meta') or {} -%}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set temp_relation = arg_dict['temp_relation'] -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set facts = arg_dict['dest_columns'] | rejectattr('name', 'in', keys + ['batch_id']) | map(attribute='quoted') | list -%}
    delete from {{ target_relation }}
    where
        {%- if meta.get('affected_by') == 'affected_aliases' %}
        {{ is_affected_alias() }}
        {%- else %}
        exists (
            select 1 from {{ temp_relation }} as new_rows
            where {{ same_values(meta.get('replaced_by', keys), target_relation) }}
        )
        {%- endif %}
        and not exists (
            select 1 from {{ temp_relation }} as new_rows
            where
                {{ same_values(keys, target_relation) }}
                and not (
                    row({% for column in facts %}new_rows.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
                    is distinct from row({% for column in facts %}{{ target_relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
                )
        );
    delete from {{ temp_relation }} as new_rows
    where exists (select 1 from {{ target_relation }} where {{ same_values(keys, target_relation) }});
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ temp_relation }};
    {{ record_batch(temp_relation) }}
{% endmacro %}

{#- Condition that a row of new_rows and one of the relation agree in the columns. -#}
{% macro same_values(columns, relation) -%}
    {%- for column in columns -%}
        new_rows.{{ column }} = {{ relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- In an incremental run, keeps the rows of persons whose sessions, touches or attribution may have changed. -#}
{% macro of_affected_aliases() -%}
    {%- set affected_aliases = ref('affected_aliases') -%}
    {%- if is_incremental() -%}
        where {{ is_affected_alias() }}
    {%- endif -%}
{%- endmacro %}

{#- Condition that the person of a row is among those this model has not made again yet. -#}
{% macro is_affected_alias() -%}
    alias_id in (select alias_id from {{ ref('affected_aliases') }} where batch_id > {{ applied_batch_id() }})
{%- endmacro %}

{#- The models that are made again for affected persons, each by its own watermark. -#}
{% macro alias_readers() %}
    {{ return(['session_members', 'touches', 'all_sessions', 'attribution', 'useful_sessions']) }}
{% endmacro %}
