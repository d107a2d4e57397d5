{#-
    Contracts: a published table has the columns and types in its YAML, or its refresh fails and changes nothing. A table to be
    rebuilt is checked first (dbt's get_assert_columns_equivalent, two short queries); a table that stays is compared as it
    is, which costs an incremental refresh no query.
-#}

{#-
    Stops, naming the column, unless the columns have the promised names and types.
    node: the model in dbt's graph; columns: of its table, or of the new rows.
-#}
{% macro check_contract(node, columns) %}
    {%- if node.config.contract.enforced -%}
        {%- set wants, has, types = [], [], stored_types() -%}
        {%- for column in node.columns.values() -%}
            {%- do wants.append(column.name ~ ' ' ~ types.get(column.data_type, column.data_type)) -%}
        {%- endfor -%}
        {%- for column in columns -%}
            {%- do has.append(column.name ~ ' ' ~ column.dtype) -%}
        {%- endfor -%}
        {%- if wants | sort != has | sort -%}
            {%- do stop(
                node.name ~ ' has an enforced contract that failed: its SQL gives ' ~ (has | reject('in', wants) | join(', ') or 'no such column')
                ~ ' where ' ~ node.patch_path.split('://')[-1] ~ ' promises ' ~ (wants | reject('in', has) | join(', ') or 'no such column')
                ~ ': make them agree.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
