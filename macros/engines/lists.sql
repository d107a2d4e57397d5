{#- Lists of values, as each engine writes them. -#}

{#- A list of expressions. -#}
{% macro list_of(expressions) -%}
    {{ adapter.dispatch('list_of', 'signup_attribution')(expressions) }}
{%- endmacro %}

{% macro default__list_of(expressions) -%}
    array[{{ expressions | join(', ') }}]
{%- endmacro %}

{#- In a select list: one row for each item of a list, and its place from 1 on. -#}
{% macro items_of(list, item, place) -%}
    {{ adapter.dispatch('items_of', 'signup_attribution')(list, item, place) }}
{%- endmacro %}

{% macro default__items_of(list, item, place) -%}
    unnest({{ list }}) as {{ item }},
        generate_subscripts({{ list }}, 1) as {{ place }}
{%- endmacro %}

{#- The item at a place, from 1 on; null where there is none. -#}
{% macro item_at(list, place) -%}
    {{ adapter.dispatch('item_at', 'signup_attribution')(list, place) }}
{%- endmacro %}

{% macro default__item_at(list, place) -%}
    {{ list }}[{{ place }}]
{%- endmacro %}

{#- Aggregate: the values of a group for which a condition is true, in order; null when there are none. -#}
{% macro list_in_order(value, order, condition) -%}
    {{ adapter.dispatch('list_in_order', 'signup_attribution')(value, order, condition) }}
{%- endmacro %}

{% macro default__list_in_order(value, order, condition) -%}
    array_agg({{ value }} order by {{ order }})
            filter (where {{ condition }})
{%- endmacro %}

{#- Aggregate: a sum of fractions, added up in order, because another order may change the last digit. -#}
{% macro sum_in_order(value, order) -%}
    {{ adapter.dispatch('sum_in_order', 'signup_attribution')(value, order) }}
{%- endmacro %}

{% macro default__sum_in_order(value, order) -%}
    sum({{ value }} order by {{ order }})
{%- endmacro %}

{#- The parts of a text, as a list. -#}
{% macro parts_of(text, separator) -%}
    {{ adapter.dispatch('parts_of', 'signup_attribution')(text, separator) }}
{%- endmacro %}

{% macro default__parts_of(text, separator) -%}
    string_to_array({{ text }}, '{{ separator }}')
{%- endmacro %}

{#- The labels of a host from one number to another, as a text; '' when there is none. -#}
{% macro labels_from(first, last) -%}
    {{ adapter.dispatch('labels_from', 'signup_attribution')(first, last) }}
{%- endmacro %}

{% macro default__labels_from(first, last) -%}
    array_to_string(labels[{{ first }}:{{ last }}], '.')
{%- endmacro %}

{#- Condition that a value is one of a column's few: a list of them is made once, instead of a join for each column looked up. -#}
{% macro is_listed(value, column, relation) -%}
    {{ adapter.dispatch('is_listed', 'signup_attribution')(value, column, relation) }}
{%- endmacro %}

{% macro default__is_listed(value, column, relation) -%}
    array_position(array(select {{ column }} from {{ relation }}), {{ value }}) > 0
{%- endmacro %}

{#- Condition that names, each after a &, include all of those separated by +. -#}
{% macro has_all_parts(names, asked_for) -%}
    {{ adapter.dispatch('has_all_parts', 'signup_attribution')(names, asked_for) }}
{%- endmacro %}

{% macro default__has_all_parts(names, asked_for) -%}
    not exists (
                select 1 from (select unnest({{ parts_of(asked_for, '+') }}) as name) as asked_for
                where strpos({{ names }} || '&', '&' || asked_for.name || '&') = 0
            )
{%- endmacro %}

{#- Condition that a text has one of the parts of a list in it, which a | separates. text: a column, as engines may compute it for each part. -#}
{% macro has_any_part(text, parts) -%}
    {{ adapter.dispatch('has_any_part', 'signup_attribution')(text, parts) }}
{%- endmacro %}

{% macro default__has_any_part(text, parts) -%}
    exists (select 1 from unnest({{ parts_of(parts, '|') }}) as part where strpos({{ text }}, part) > 0)
{%- endmacro %}

{#- DuckDB compiles a regular expression that comes from a column anew for each row, which took half the time of touches. -#}
{% macro duckdb__has_any_part(text, parts) -%}
    len(list_filter({{ parts_of(parts, '|') }}, lambda part: contains({{ text }}, part))) > 0
{%- endmacro %}

{#- Aggregate: the different texts of a group in order, as one text. -#}
{% macro distinct_texts(text, separator) -%}
    {{ adapter.dispatch('distinct_texts', 'signup_attribution')(text, separator) }}
{%- endmacro %}

{% macro default__distinct_texts(text, separator) -%}
    string_agg(distinct {{ text }}, '{{ separator }}' order by {{ text }})
{%- endmacro %}

{#- After `from`, a join: for each row, a row of two columns for each of these pairs of expressions. -#}
{% macro each_as_row(pairs, name, columns) -%}
    {{ adapter.dispatch('each_as_row', 'signup_attribution')(pairs, name, columns) }}
{%- endmacro %}

{% macro default__each_as_row(pairs, name, columns) -%}
    cross join lateral (
        values
        {%- for first, second in pairs.items() %}
        ({{ first }}, {{ second }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as {{ name }} ({{ columns }})
{%- endmacro %}
