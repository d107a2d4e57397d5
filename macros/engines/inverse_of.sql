{#-
    Query: the inverse of a square matrix, given and returned as rows of i, j (both from 1 on) and entry. Inverted in place (Gauss-Jordan
    elimination), one row and column per step, without pivoting: it has to be diagonally dominant.
-#}
{% macro inverse_of(matrix) -%}
    {{ adapter.dispatch('inverse_of', 'signup_attribution')(matrix) }}
{%- endmacro %}

{% macro default__inverse_of(matrix) -%}
    with recursive elimination as (
        select 0 as step, i, j, entry from {{ matrix }}
        union all
        select
            step + 1 as step,
            i,
            j,
            case
                when i = step + 1 and j = step + 1 then 1 / diagonal
                when i = step + 1 then entry / diagonal
                when j = step + 1 then -entry / diagonal
                else entry - in_step_column * in_step_row / diagonal
            end as entry
        from (
            select
                *,
                max(case when j = step + 1 then entry end) over (partition by i) as in_step_column,
                max(case when i = step + 1 then entry end) over (partition by j) as in_step_row,
                max(case when i = step + 1 and j = step + 1 then entry end) over () as diagonal
            from elimination
            where step < (select max(i) from {{ matrix }})
        ) as with_diagonal
    )

    select i, j, entry from elimination
    where step = (select max(i) from {{ matrix }})
{%- endmacro %}
