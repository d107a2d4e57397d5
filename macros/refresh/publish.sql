{#-
    The tables that readers may read at any time, and that change together. What the batch brings to them is first staged in this_batch;
    once all of it is there, one transaction moves it into all of them, with statements that block no reader: rows are deleted and
    inserted, even in a build from scratch, and no table is ever replaced, so other people's views stay.
-#}

{#- Names of the published tables, in the order in which they are built. -#}
{% macro published_tables() %}
    {{ return(our_tables() | selectattr('node.config.materialized', 'equalto', 'published') | map(attribute='node.name') | list) }}
{% endmacro %}

{#- The relation of a published table, whether it exists or not. -#}
{% macro published_relation(table) %}
    {%- set node = our_models()[table].node -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')) }}
{% endmacro %}

{#- The relation in this_batch that has the rows for a published table: its own, or that of the model which its meta names. -#}
{% macro rows_to_publish(table) %}
    {{ return(batch_relation((our_models()[table].node.config.meta or {}).get('rows', table))) }}
{% endmacro %}

{#- Publishes: brings the rows of the batch to all published tables, in one transaction with their watermarks. Returns their relations. -#}
{% macro publish_all() %}
    {%- set relations, columns, stored, after = [], {}, [], applied_batch_id() -%}
    {%- for table in published_tables() -%}
        {%- do relations.append(published_relation(table)) -%}
        {%- do columns.update({table: columns_of(rows_to_publish(table)) | rejectattr('name', 'equalto', 'batch_id') | list}) -%}
        {%- do check_contract(our_models()[table].node, columns[table]) -%}
        {%- if stored_relation(table) is not none -%}
            {%- do stored.append(table) -%}
        {%- endif -%}
    {%- endfor -%}
    {#- adding a column blocks readers until its transaction ends, so it has one of its own -#}
    {%- for table in stored -%}
        {%- do with_new_columns(table, published_relation(table), columns[table]) -%}
    {%- endfor -%}
    {%- do adapter.commit() -%}
    {%- call statement('main', auto_begin=true) -%}
        {{ announce_model() }}
        {%- for table in published_tables() %}
            {%- set relation, rows, node = published_relation(table), rows_to_publish(table), our_models()[table].node -%}
            {%- if table in stored %}
        {{ log_restatements(node, relation, rows, columns[table], after) if node.config.meta.conversion }}
        {{ replace_rows(node, unseen(relation), rows, columns[table], after) }}
            {%- else %}
        {{ log_channel_changes(node, 'select *, 1 as change from ' ~ rows, current_batch_id()) if node.config.meta.conversion }}
        {{ table_of(relation, 'select ' ~ quoted_names(columns[table]) ~ ' from ' ~ rows) }}
                {%- for index in node.config.get('indexes') or [] %}
        {{ get_create_index_sql(relation, index) }};
                {%- endfor %}
                {%- set row_count = '(select count(*) from ' ~ rows ~ ')' %}
        {{ save_watermark(table, row_count, row_count, 'null', columns[table], is_rebuilt=true) }}
            {%- endif %}
        {%- endfor %}
        {%- for table in stored %}
        {{ show(published_relation(table)) }}
        {%- endfor %}
        {{ put_definition('settings of conversions', tojson(settings_of_conversions())) }}
    {%- endcall -%}
    {%- for table in published_tables() -%}
        {%- set node = our_models()[table].node -%}
        {%- do document(node, published_relation(table), table not in stored or flags.FULL_REFRESH) -%}
        {%- do apply_grants(published_relation(table), node.config.get('grants'), should_revoke=true) -%}
        {%- do take_statistics(published_relation(table)) -%}
    {%- endfor -%}
    {{ return(relations) }}
{% endmacro %}

{#- What the statements of a transaction write to: the table itself, where others see nothing of it before the transaction ends. -#}
{% macro unseen(relation) %}
    {{ return(adapter.dispatch('unseen', 'signup_attribution')(relation)) }}
{% endmacro %}

{% macro default__unseen(relation) %}
    {{ return(relation) }}
{% endmacro %}

{#- SQL that shows readers what was written to it. -#}
{% macro show(relation) %}
    {{ adapter.dispatch('show', 'signup_attribution')(relation) }}
{% endmacro %}

{% macro default__show(relation) %}
{% endmacro %}
