{#-
    How the rows of a batch get into a stored table: messages are appended, rows of devices and persons are replaced. Rows that come out
    unchanged are not rewritten, so the amount written depends on what changed and not on whom it concerns.
-#}

{#- append: the new rows are added, those of monthly partitions month by month; the stored ones stay. -#}
{% macro append_rows(target_relation, rows, columns) %}
    {{ adapter.dispatch('append_rows', 'signup_attribution')(target_relation, rows, columns) }}
{% endmacro %}

{% macro default__append_rows(target_relation, rows, columns, condition='true') %}
    insert into {{ target_relation }} ({{ quoted_names(columns) }})
    select {{ quoted_names(columns) }} from {{ rows }} as arrived
    where {{ condition }};
{% endmacro %}

{% macro postgres__append_rows(target_relation, rows, columns) %}
    {%- set column = (config.get('meta') or {}).get('monthly_partitions_by') %}
    {{ create_month_partitions(target_relation, rows, column) if column }}
    {{ default__append_rows(target_relation, rows, columns) }}
{% endmacro %}

{#- One month at a time: sorting the wide rows would cost more than everything computed from them. -#}
{% macro duckdb__append_rows(target_relation, rows, columns) %}
    {%- for condition in month_conditions(rows) %}
    {{ default__append_rows(target_relation, rows, columns, condition) }}
    {%- endfor %}
{% endmacro %}

{#-
    SQL that replaces stored rows with those of the batch and moves the watermark. node: the model; after: the newest batch applied, 0
    to replace all stored rows. Otherwise the strategy and the model's meta decide which rows are replaced:
    replace_persons: the rows of changed persons, whether there are new ones or not.
    replace_keys: those that share the columns replaced_by (by default unique_key) with a new row.
    since: a time column: only rows from changed_since, or from the first new row on, are replaced.
    since_is_optional: with replace_persons, rows without that time are replaced, too.
    until: a later time column, for rows that do not overlap within a key: the rows from the first new row on are those that do not
    end before it, so they are found by this column, which has an index.
    gone: a condition on new rows that only say that the stored rows of their keys go, and are not stored themselves.
    The rows to replace are found first, in a step of their own: PostgreSQL expects that hardly any stay unchanged, and would look
    for their replacements again for each one that does.
-#}
{% macro replace_rows(node, target_relation, rows, columns, after) %}
    {{ adapter.dispatch('replace_rows', 'signup_attribution')(node, target_relation, rows, columns, after) }}
{% endmacro %}

{% macro default__replace_rows(node, target_relation, rows, columns, after) %}
    {%- set meta, unique_key = node.config.meta or {}, node.config.unique_key -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set names, facts = quoted_names(columns), columns | rejectattr('name', 'in', keys + ['batch_id']) | list -%}
    {%- set types = facts | map(attribute='dtype') | join(' ') -%}
    {#- DuckDB takes a minute to compare lists, so rows with a list are always rewritten. -#}
    {%- set has_lists = '[]' in types or 'ARRAY' in types -%}
    {%- set is_whole = after == 0 or node.config.incremental_strategy == 'replace_all' -%}
    {%- if is_whole -%}
        {%- set causes, makes_way, found = [], 'true', '' -%}
    {%- elif node.config.incremental_strategy == 'replace_persons' -%}
        {%- set causes, time, found = [changed_persons(after)], target_relation ~ '.' ~ meta.since, '' -%}
        {%- set makes_way -%}
        changed_persons.alias_id = {{ target_relation }}.alias_id
        {%- if meta.since_is_optional %}
        and ({{ time }} is null or {{ time }} >= changed_persons.changed_since)
        {%- elif meta.since %}
        and {{ time }} >= changed_persons.changed_since
        {%- endif %}
        {%- endset -%}
        {%- if meta.since and not meta.since_is_optional -%}
            {%- set concerned = target_relation ~ ' as stored ' ~ join_changed_persons('stored', meta.since, after) -%}
            {%- set found = hint_and_found_in(time, concerned, 'stored.' ~ meta.since) -%}
        {%- endif -%}
    {%- else -%}
        {%- set shared = meta.get('replaced_by', keys) -%}
        {%- set replaced -%}
    (
        select {{ shared | join(', ') }}{{ ', min(' ~ meta.since ~ ') as first_new' if meta.since }} from {{ rows }}
        group by {{ shared | join(', ') }}
    ) as replaced
        {%- endset -%}
        {%- set causes = [replaced] -%}
        {%- set makes_way -%}
        {{ same_values(shared, 'replaced', target_relation) }}
        {{- ' and replaced.first_new <= ' ~ target_relation ~ '.' ~ meta.get('until', meta.since) if meta.since }}
        {%- endset -%}
        {%- set found = hint_and_found_in(target_relation ~ '.' ~ shared[0], rows, shared[0]) -%}
    {%- endif -%}
    {{ analyze_columns(rows, keys) }}
    create temporary table making_way as
    with stored as {{ hint_computed_once() if causes }} (
        select
            {{ target_relation }}.{{ columns | map(attribute='quoted') | join(', ' ~ target_relation ~ '.') }},
            {{ target_relation }}.{{ row_address() }} as row_address
        from {{ ([target_relation] + causes) | join(', ') }}
        where {{ makes_way }} {{ found }}
    )
    select
        stored.row_address, stored.{{ keys | join(', stored.') }},
        {{ 'false' if has_lists else 'batch_rows.' ~ keys[0] ~ ' is not null' }} as is_unchanged
    from stored
    left join {{ rows }} as batch_rows
        on {{ same_values(keys, 'batch_rows', 'stored') }}
        {%- for column in facts if not has_lists %}
        and batch_rows.{{ column.quoted }} is not distinct from stored.{{ column.quoted }}
        {%- endfor %};
    delete from {{ target_relation }}
    where {{ row_address() }} in (select row_address from making_way where not is_unchanged);
    insert into {{ target_relation }} ({{ names }})
    select {{ names }} from {{ rows }} as batch_rows
    where
        not exists (select 1 from making_way where is_unchanged and {{ same_values(keys, 'making_way', 'batch_rows') }})
        {{- ' and not ' ~ meta.gone if meta.gone }};
    {%- set row_count = '(select count(*) from ' ~ rows ~ ')' %}
    {%- set rows_kept = '(select count(*) from ' ~ rows ~ ' where not ' ~ meta.gone ~ ')' if meta.gone else row_count %}
    {{ save_watermark(
        node.name, rows_kept ~ ' - (select count(*) from making_way where is_unchanged)', row_count,
        '(select count(*) from making_way where not is_unchanged)', columns,
        is_rebuilt=is_rebuilt(node.name), is_of_present_text=is_whole
    ) }}
    drop table making_way;
{% endmacro %}

{#- Condition that rows of two relations agree in the columns, which are never null. -#}
{% macro same_values(columns, relation, other_relation) -%}
    {%- for column in columns -%}
        {{ relation }}.{{ column }} = {{ other_relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
