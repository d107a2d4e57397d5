{#- Rows of the persons that the open batch changes, from changed_since on: earlier rows stay. -#}

{#- The persons whose change a model has not applied yet, one row each. after: the newest batch it has applied. -#}
{% macro changed_persons(after=none) -%}
    (
        select alias_id, changed_since from {{ ref('changed_persons') }}
        where batch_id > {{ applied_batch_id() if after is none else after }}
    ) as changed_persons
{%- endmacro %}

{#-
    After `from <rows>`, a model: in an incremental run only the rows of changed persons, from changed_since on by this time column;
    without one, all of their rows. In a build from scratch, the rows of the persons of the current part.
-#}
{% macro of_changed_persons(rows, time=none) -%}
    {%- set changed_persons = ref('changed_persons') -%}
    {%- if is_incremental() -%}
    {{ join_changed_persons(rows, time) }}
    {{ hint_where_time_found(ref(rows), rows, time, join_changed_persons(rows, time)) if time }}
    {%- else -%}
    where {{ of_this_part(ref(rows), rows ~ '.alias_id') }}
    {%- endif -%}
{%- endmacro %}

{#- The join behind it, for any alias of the rows. -#}
{% macro join_changed_persons(rows, time, after=none) -%}
    inner join {{ changed_persons(after) }}
        on {{ rows }}.alias_id = changed_persons.alias_id
        {{ 'and ' ~ rows ~ '.' ~ time ~ ' >= changed_persons.changed_since' if time }}
{%- endmacro %}

{#- After `from <rows>`, in an incremental run: the earlier rows of these persons, which stay. -#}
{% macro before_the_change(rows, time) -%}
    inner join {{ changed_persons() }}
        on {{ rows }}.alias_id = changed_persons.alias_id
        and {{ rows }}.{{ time }} < changed_persons.changed_since
{%- endmacro %}

{#-
    Query: for each of these persons, the last values before the change in a stored relation; no row in a build from scratch.
    columns: those that never decrease over time, each with a literal of its type.
-#}
{% macro last_before_the_change(relation, time, columns) -%}
    {%- if is_incremental() -%}
    {{ adapter.dispatch('last_before_the_change', 'signup_attribution')(relation, time, columns.keys() | list) }}
    {%- else -%}
    select '' as alias_id
    {%- for column, literal in columns.items() %}, {{ literal }} as {{ column }}{% endfor %}
    where false
    {%- endif -%}
{%- endmacro %}

{% macro default__last_before_the_change(relation, time, columns) -%}
    select
        stored.alias_id
        {%- for column in columns %},
        max(stored.{{ column }}) as {{ column }}
        {%- endfor %}
    from {{ relation }} as stored
    {{ before_the_change('stored', time) }}
    group by stored.alias_id
{%- endmacro %}

{#- Reads the end of each person's rows from an index, instead of all of their rows. -#}
{% macro postgres__last_before_the_change(relation, time, columns) -%}
    select changed_persons.alias_id, last_row.{{ columns | join(', last_row.') }}
    from {{ changed_persons() }}
    cross join lateral (
        select {{ columns | join(', ') }} from {{ relation }} as stored
        where stored.alias_id = changed_persons.alias_id and stored.{{ time }} < changed_persons.changed_since
        order by stored.{{ time }} desc, stored.{{ columns[0] }} desc
        limit 1
    ) as last_row
{%- endmacro %}

{#- Query on the persons that the previous batch changed: the older of DuckDB's two readers' files still needs them. -#}
{% macro persons_of_the_batch_before() -%}
    select alias_id, batch_id, changed_since from {{ this }}
    where batch_id = {{ current_batch_id() }} - 1
{%- endmacro %}
