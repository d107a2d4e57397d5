{#- The two ways a stored table changes. Each is one transaction with the model's watermark. -#}

{#- append_rows: the new rows are added; the stored ones stay. -#}
{% macro get_incremental_append_rows_sql(arg_dict) %}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {{ prepare_target(arg_dict['target_relation'], arg_dict['temp_relation']) }}
    {{ insert_rows(arg_dict['target_relation'], arg_dict['temp_relation'], columns) }}
    {{ record_batch(arg_dict['temp_relation']) }}
{% endmacro %}

{#-
    replace_keys: stored rows make way for the new rows. A row that stays as it is is not written again, so that a table
    grows and is rewritten by what changed, not by whom it is about.
    unique_key: the columns that tell rows apart. Which stored rows make way, the config meta says:
    remade_by: a time of the row; the rows of affected persons make way from affected_aliases.remade_since on.
    replaced_by: columns (by default unique_key); the rows that share them with a new row make way, and if replaced_since
    names a time of the row, those before the first new row stay.
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
        (
            {%- if meta.remade_by %}
            {{ is_made_again(target_relation, meta.remade_by) }}
            {%- endif %}
            {{- ' or' if meta.remade_by and meta.replaced_by }}
            {%- if meta.replaced_by or not meta.remade_by %}
            exists (
                select 1 from {{ temp_relation }} as new_rows
                where {{ same_values(meta.get('replaced_by', keys), target_relation) }}
                {{- ' and new_rows.' ~ meta.replaced_since ~ ' <= ' ~ target_relation ~ '.' ~ meta.replaced_since if meta.replaced_since }}
            )
            {%- endif %}
        )
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

{#- In an incremental run, keeps the rows (`rows`: name of the table) that are made again, by this time of the row. -#}
{% macro made_again(rows, time) -%}
    {%- set affected_aliases = ref('affected_aliases') -%}
    {%- if is_incremental() -%}
        where {{ is_made_again(rows, time) }}
    {%- endif -%}
{%- endmacro %}

{#- Keeps the rows of affected persons that are not made again. -#}
{% macro left_as_it_is(rows, time) -%}
    where
        {{ rows }}.alias_id in (select alias_id from {{ ref('affected_aliases') }} where batch_id > {{ applied_batch_id() }})
        and not {{ is_made_again(rows, time) }}
{%- endmacro %}

{#- Condition that a row of a person is at or after a change that this model has not applied yet. -#}
{% macro is_made_again(rows, time) -%}
    exists (
        select 1 from {{ ref('affected_aliases') }} as affected_aliases
        where
            affected_aliases.batch_id > {{ applied_batch_id() }}
            and affected_aliases.alias_id = {{ rows }}.alias_id
            and affected_aliases.remade_since <= {{ rows }}.{{ time }}
    )
{%- endmacro %}

{#- The models that are made again for affected persons, each by its own watermark. -#}
{% macro alias_readers() %}
    {{ return(['session_members', 'touches', 'all_sessions', 'attribution', 'useful_sessions']) }}
{% endmacro %}
