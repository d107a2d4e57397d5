{#- SQL by which rows are kept for the statements after it, or for good. -#}

{#- Rows that the next statements read, under a name of their own. -#}
{% macro set_aside(name, query) -%}
    {{ adapter.dispatch('set_aside', 'signup_attribution')(name, query) }}
{%- endmacro %}

{% macro default__set_aside(name, query) -%}
    create temporary table {{ name }} as {{ query }};
{%- endmacro %}

{#- Drops them. -#}
{% macro drop_aside(name) -%}
    {{ adapter.dispatch('drop_aside', 'signup_attribution')(name) }}
{%- endmacro %}

{% macro default__drop_aside(name) -%}
    drop table {{ name }};
{%- endmacro %}

{#- Replaces the row with the same values in `keys` with the row of a query. columns: all columns of the query. -#}
{% macro put_row(table, keys, columns, query) -%}
    {{ adapter.dispatch('put_row', 'signup_attribution')(table, keys, columns, query) }}
{%- endmacro %}

{% macro default__put_row(table, keys, columns, query) -%}
    delete from {{ table }} where {% for key, value in keys.items() %}{{ key }} = {{ value }}{{ ' and ' if not loop.last }}{% endfor %};
    insert into {{ table }} ({{ columns | join(', ') }})
    {{ query }};
{%- endmacro %}

{#- SQL that keeps a definition in refresh.definitions. -#}
{% macro put_definition(name, definition) %}
    {{ put_row(
        state_table('definitions'), {'name': quoted(name)}, ['name', 'definition'],
        'select ' ~ quoted(name) ~ ' as name, ' ~ quoted(definition) ~ ' as definition'
    ) }}
{% endmacro %}

{#- Makes a table hold the rows of a query and nothing else. -#}
{% macro put_all_rows(table, columns, query) -%}
    {{ adapter.dispatch('put_all_rows', 'signup_attribution')(table, columns, query) }}
{%- endmacro %}

{% macro default__put_all_rows(table, columns, query) -%}
    delete from {{ table }};
    insert into {{ table }} ({{ columns | join(', ') }})
    {{ query }};
{%- endmacro %}

{#- Condition that a log has no rows of a batch yet, where a refresh that died may have left some. -#}
{% macro is_not_logged(table, batch_id) -%}
    {{ adapter.dispatch('is_not_logged', 'signup_attribution')(table, batch_id) }}
{%- endmacro %}

{% macro default__is_not_logged(table, batch_id) -%}
    true
{%- endmacro %}
