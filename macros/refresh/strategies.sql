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
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
    {%- set facts = arg_dict['dest_columns'] | rejectattr('name', 'in', ['batch_id']) | map(attribute='quoted') | list -%}
    {%- set groups = meta.get('replaced_by', ['alias_id'] if meta.remade_by else keys) -%}
    {%- set time = meta.remade_by or meta.replaced_since -%}
    delete from {{ target_relation }}
    using (
        select {{ groups | join(', ') }}, min(since) as since
        from (
            {%- if meta.remade_by %}
            select alias_id, remade_since as since from {{ unapplied_aliases() }}
            {%- endif %}
            {{- ' union all' if meta.remade_by and meta.replaced_by }}
            {%- if meta.replaced_by or not meta.remade_by %}
            select {{ groups | join(', ') }}, {{ meta.replaced_since or "timestamp '-infinity'" }} as since from {{ temp_relation }}
            {%- endif %}
        ) as changes
        group by {{ groups | join(', ') }}
    ) as making_way
    where
        {{ same_values(groups, 'making_way', target_relation) }}
        {{- ' and making_way.since <= ' ~ target_relation ~ '.' ~ time if time }}
        and not exists (
            select 1 from {{ temp_relation }} as new_rows
            where
                {{ same_values(keys, 'new_rows', target_relation) }}
                {%- for column in facts %}
                and new_rows.{{ column }} is not distinct from {{ target_relation }}.{{ column }}
                {%- endfor %}
        );
    delete from {{ temp_relation }} as new_rows
    where exists (select 1 from {{ target_relation }} where {{ same_values(keys, 'new_rows', target_relation) }});
    insert into {{ target_relation }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }} from {{ temp_relation }};
    {{ record_batch(temp_relation) }}
{% endmacro %}

{#- Condition that rows of two relations agree in the columns, which are never null. -#}
{% macro same_values(columns, relation, other_relation) -%}
    {%- for column in columns -%}
        {{ relation }}.{{ column }} = {{ other_relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
    After `from <rows>`: in an incremental run only the rows that are made again, those of affected persons from remade_since
    on, by this time of the row.
-#}
{% macro made_again(rows, time) -%}
    {%- set affected_aliases = ref('affected_aliases') -%}
    {%- if is_incremental() -%}
    inner join {{ unapplied_aliases() }}
        on {{ rows }}.alias_id = affected_aliases.alias_id and {{ rows }}.{{ time }} >= affected_aliases.remade_since
    {%- endif -%}
{%- endmacro %}

{#- The same for the earlier rows of these persons, which stay as they are. -#}
{% macro left_as_it_is(rows, time) -%}
    inner join {{ unapplied_aliases() }}
        on {{ rows }}.alias_id = affected_aliases.alias_id and {{ rows }}.{{ time }} < affected_aliases.remade_since
{%- endmacro %}

{#- The persons this model has not made again yet, one row each. -#}
{% macro unapplied_aliases() -%}
    (
        select alias_id, min(remade_since) as remade_since from {{ ref('affected_aliases') }}
        where batch_id > {{ applied_batch_id() }}
        group by alias_id
    ) as affected_aliases
{%- endmacro %}

{#- The models that are made again for affected persons, each by its own watermark. -#}
{% macro alias_readers() %}
    {{ return(['session_members', 'touches', 'all_sessions', 'attribution', 'useful_sessions']) }}
{% endmacro %}
