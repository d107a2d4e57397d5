{#-
    Contracts: a published table has the columns and types that its YAML promises, or the refresh of it fails and changes
    nothing. What is made anew is asked before (dbt's get_assert_columns_equivalent, two short queries);
    a table that stays is compared as it stands, which costs an incremental refresh no query.
-#}

{#-
    Stops, and says which column is meant, unless the columns have the names and types promised.
    node: the model as dbt's graph has it; columns: of its table, or of the rows to come.
-#}
{% macro check_contract(node, columns) %}
    {%- if node.config.contract.enforced -%}
        {%- set promised, found, types = [], [], stored_types() -%}
        {%- for column in node.columns.values() -%}
            {%- set type = types.get(column.data_type, column.data_type) -%}
            {%- do promised.append({'name': column.name, 'data_type': type, 'formatted': column.name ~ ' ' ~ type}) -%}
        {%- endfor -%}
        {%- for column in columns -%}
            {%- set type = column.dtype -%}
            {%- do found.append({'name': column.name, 'data_type': type, 'formatted': column.name ~ ' ' ~ type}) -%}
        {%- endfor -%}
        {%- if promised | map(attribute='formatted') | sort != found | map(attribute='formatted') | sort -%}
            {%- set has, wants = found | map(attribute='formatted') | list, promised | map(attribute='formatted') | list -%}
            {%- do stop(
                node.name ~ ' has an enforced contract that failed: its SQL gives ' ~ (has | reject('in', wants) | join(', ') or 'no such column')
                ~ ' where ' ~ node.patch_path.split('://')[-1] ~ ' promises ' ~ (wants | reject('in', has) | join(', ') or 'no such column')
                ~ ': edit both alike.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
