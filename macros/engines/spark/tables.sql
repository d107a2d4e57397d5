{#- Iceberg tables on Spark: which exist, and how they are created. -#}

{% macro spark__table_columns(place) %}
    {%- set rows = [] -%}
    {%- if is_table(place.schema, place.table) -%}
        {%- for column in adapter.get_columns_in_relation(api.Relation.create(schema=place.schema, identifier=place.table)) -%}
            {%- do rows.append([column.name, column.dtype]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{% endmacro %}

{% macro spark__is_table(schema, name) %}
    {{ return(adapter.check_schema_exists(none, schema)
        and run_query('show tables in ' ~ quoted_name(schema) ~ ' like ' ~ quoted(name)).rows | length > 0) }}
{% endmacro %}

{#- By now dbt has described all tables of the project's schemas except those of the bookkeeping. -#}
{% macro spark__relations_named(schemas, names) %}
    {%- set rows = [] -%}
    {%- for schema in schemas -%}
        {%- set names = names | list -%}
        {%- if adapter.get_relation(none, schema, 'app_tracks') is not none -%} {#- detached months beside it -#}
            {%- do names.extend(run_query('show tables in ' ~ quoted_name(schema) ~ " like 'app_tracks_*'").columns[1].values()) -%}
        {%- endif -%}
        {%- for name in names | unique if adapter.get_relation(none, schema, name) is not none -%}
            {%- set relation = adapter.get_relation(none, schema, name) -%}
            {%- set columns, comment = [], namespace(text='') -%}
            {%- for line in (relation.information or '').split('\n') -%}
                {%- set word, _, value = line.partition(': ') -%}
                {%- if word == 'Comment' -%}
                    {%- set comment.text = relation.information.split('\nComment: ')[1] -%}
                {%- elif value and not word[:1].isupper() and word[:1] != '_' -%}
                    {%- do columns.append(word) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- do rows.append([schema, relation.identifier, 'table', comment.text, none, columns | join('\n')]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{% macro spark__empty_table(name, columns, replaced) -%}
    create or replace table {{ name }} (
            {%- for column, type in columns.items() %}{{ column }} {{ type }}{{ ', ' if not loop.last }}{% endfor -%}
    ) {{ table_clauses(is_small=true) }};
{%- endmacro %}

{% macro spark__table_of(relation, query, properties={}) -%}
    create or replace table {{ relation }} {{ table_clauses(partitions_of(relation), properties) }} as {{ query }};
{%- endmacro %}

{% macro spark__partitioned_table_as(relation, rows, column) -%}
    {{ table_of(relation, 'select * from ' ~ rows) }}
{%- endmacro %}

{#-
    The large tables are partitioned, so that a batch reads and writes the files that it concerns: messages by month, rows of devices and
    persons by buckets of the column that they are looked up by. That is the first column of their first index, where there are indexes.
-#}
{% macro partitions_of(relation) -%}
    {%- for node in our_models().values() | map(attribute='node') if node.alias == relation.identifier and node.schema == relation.schema -%}
        {%- if node.config.meta and node.config.meta.monthly_partitions_by -%}
            partitioned by (months({{ node.config.meta.monthly_partitions_by }}))
        {%- elif bucketed_by(node) -%}
            partitioned by (bucket({{ var('spark_buckets') }}, {{ bucketed_by(node) }}))
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro bucketed_by(node) %}
    {{ return(node.config.indexes[0].columns[0] if node.config.indexes and var('spark_buckets') > 1 else none) }}
{% endmacro %}

{#- Those in the models' configs only say how the tables are partitioned. -#}
{% macro spark__get_create_index_sql(relation, index_dict) -%}
{%- endmacro %}

{#-
    A condition that holds for the stored rows (`name`) which share `column` with `rows`, and whose `time` is not before the first `since` of
    these. It is written in literals, because Iceberg leaves files unread by these; in a merge by nothing else.
-#}
{% macro in_files_of(node, rows, column, since, time, name='stored') -%}
    {%- set known, bucket = run_cache('files of ' ~ rows), 'system.bucket(' ~ var('spark_buckets') ~ ', ' -%}
    {%- if 'found' not in known -%}
        {#- Spark's own catalog has no functions of Iceberg -#}
        {%- set found_in = 'null' if run_query('select current_catalog()').rows[0][0] == 'spark_catalog' else bucket ~ column ~ ')' -%}
        {%- do known.update({'found': run_query('select ' ~ found_in ~ ', ' ~ ('min(' ~ since ~ ')' if since else 'null') ~ ' from ' ~ rows ~ ' group by 1').rows}) -%}
    {%- endif -%}
    {%- set buckets, times = known.found | map('first') | list, known.found | map('last') | list -%}
    {{ 'true' if buckets else 'false' }}
    {%- if bucketed_by(node) == column and none not in buckets and 0 < buckets | length < var('spark_buckets') %}
        and {{ bucket }}{{ name }}.{{ column }}) in ({{ buckets | join(', ') }})
    {%- endif -%}
    {%- if time and times %}
        and {{ name }}.{{ time }} >= timestamp '{{ times | min }}'
    {%- endif -%}
{%- endmacro %}

{#- Changed rows are marked without rewriting their files; small tables are rewritten, so that they stay one file. -#}
{% macro table_clauses(partitions='', properties={}, is_small=false) -%}
    {%- set mode = 'copy-on-write' if is_small else 'merge-on-read' -%}
    using iceberg {{ partitions }}
    tblproperties (
        'comment' = '{{ ownership_mark() }}', 'format-version' = '2',
        'write.delete.mode' = '{{ mode }}', 'write.update.mode' = '{{ mode }}', 'write.merge.mode' = '{{ mode }}',
        'write.metadata.delete-after-commit.enabled' = 'true'
        {%- for name, value in properties.items() %}, '{{ name }}' = '{{ value }}'{% endfor %}
    )
{%- endmacro %}

{#- Many catalogs have no views. -#}
{% macro spark__has_views() %}
    {{ return(false) }}
{% endmacro %}

{#- A view of the project is a table that each run recreates. -#}
{% materialization view, adapter='spark' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {{ get_assert_columns_equivalent(sql) }}
    {%- set properties = {'made_for': made_for()} if model.name in our_models() else {} -%}
    {%- call statement('main') -%} {{ spark__table_of(relation, sql, properties) }} {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{#- dbt's own macro sends its query without our `statement`. -#}
{% macro spark__get_assert_columns_equivalent(sql) %}
    {%- set columns = [] -%}
    {%- for name, type, _ in (run_query('describe query ' ~ sql).rows if model.config.contract.enforced else []) -%}
        {%- do columns.append({'name': name, 'dtype': type}) -%}
    {%- endfor -%}
    {%- do check_contract(model, columns) if columns -%}
{% endmacro %}

{#- dbt's own macro puts the texts between quotes unescaped. -#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types, rows = model['config'].get('column_types', {}), [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- do values.append('cast(' ~ ('null' if row[name] is none else quoted(row[name])) ~ ' as ' ~ types.get(name, adapter.convert_type(agate_table, loop.index0)) ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- call statement('rows') -%} insert into {{ this }} values {{ rows | join(', ') }} {%- endcall -%}
    {{ return('') }}
{% endmacro %}

{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types, columns = model['config'].get('column_types', {}), {} -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.update({quoted_name(name): types.get(name, adapter.convert_type(agate_table, loop.index0))}) -%}
    {%- endfor -%}
    {%- call statement('table') -%} {{ empty_table(this, columns, none) }} {%- endcall -%}
    {{ return('') }}
{% endmacro %}

{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {{ return(create_csv_table(model, agate_table)) }}
{% endmacro %}

{#- A catalog without the schema says so in words that dbt does not know. The adapter calls this without our `statement`. -#}
{% macro spark__list_relations_without_caching(schema_relation) %}
    {%- call statement('schema') -%} create schema if not exists {{ adapter.quote(schema_relation.schema) }} {%- endcall -%}
    {%- call statement('relations', fetch_result=true) -%} show table extended in {{ adapter.quote(schema_relation.schema) }} like '*' {%- endcall -%}
    {{ return(load_result('relations').table) }}
{% endmacro %}

{#- A table gets our mark when it is created, and no other comment: each would be a commit of the table. -#}
{% macro spark__comments_on(relation, node) %}
{% endmacro %}

{#- What its macro gives has to be read by the adapter. -#}
{% macro spark__columns_of(relation) %}
    {{ return(adapter.get_columns_in_relation(relation)) }}
{% endmacro %}
