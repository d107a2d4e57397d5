{#-
    The third way a stored table changes: replace_all, for a small table made anew by each refresh. Like the others it is one
    transaction with the model's watermark, and rows that stay as they are are not written: readers see the table before
    or after, views on it stay. unique_key: the columns, never null, that tell rows apart.
-#}
{% macro get_incremental_replace_all_sql(arg_dict) %}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set temp_relation = arg_dict['temp_relation'] -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- do check_contract(model, arg_dict['dest_columns']) %}
    delete from {{ target_relation }}
    where not exists (
        select 1 from {{ temp_relation }} as new_rows
        where
            {{ same_values(keys, 'new_rows', target_relation) }}
            {%- for column in arg_dict['dest_columns'] if column.name not in keys %}
            and new_rows.{{ column.quoted }} is not distinct from {{ target_relation }}.{{ column.quoted }}
            {%- endfor %}
    );
    delete from {{ temp_relation }} as new_rows
    where exists (select 1 from {{ target_relation }} where {{ same_values(keys, 'new_rows', target_relation) }});
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ temp_relation }};
    {{ record_batch(temp_relation) }}
{% endmacro %}
