{#-
    What people say about who is who: rows of the seed identity_overrides, and of a table or files of that name under `sources`.
-#}

{#- Query: the rows with their ids in one order, because the same two may be given either way; except those about somebody who was erased. -#}
{% macro identity_overrides() -%}
    select * from (
        select
            least({{ valid_id('id_a') }}, {{ valid_id('id_b') }}) as id_a,
            greatest({{ valid_id('id_a') }}, {{ valid_id('id_b') }}) as id_b,
            lower({{ trimmed('action') }}) as action,
            note,
            {{ valid_id('id_a') }} is null or {{ valid_id('id_b') }} is null as lacks_id
        from (
            select
                {%- for name in ['id_a', 'id_b', 'action', 'note'] %}
                {{ as_id_text(name) }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ ref('identity_overrides') }}
            union all
            select
                {%- for name in ['id_a', 'id_b', 'action', 'note'] %}
                {{ as_id_text(name) }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from ({{ business_rows('identity_overrides') }}) as business
        ) as written
    ) as overrides
    where {{ is_not_erased(override_key()) }}
{%- endmacro %}

{#- Pre-hook of the model that reads them: stops with one sentence when a row makes no sense. An id that nobody has may appear later. -#}
{% macro check_identity_overrides() %}
    {%- set query -%}
        with overrides as (
            {{ identity_overrides() }}
        )

        select
            coalesce(id_a, id_b) as id_a, id_b, coalesce(action, '') as action,
            case
                when lacks_id then 1
                when id_a = id_b then 2
                when coalesce(action, '') not in ('link', 'never_link') then 3
                else 4
            end as problem
        from overrides
        where
            lacks_id or id_a = id_b or coalesce(action, '') not in ('link', 'never_link')
            or exists (
                select 1 from overrides as others
                where others.id_a = overrides.id_a and others.id_b = overrides.id_b and others.action != overrides.action
            )
        order by 4, 1, 2, 3
        limit 1
    {%- endset -%}
    {%- for id_a, id_b, action, problem in (run_query(query).rows if execute else []) -%}
        {%- do stop('identity_overrides ' ~ [
            'has a row without two usable ids (the other one is ' ~ tojson(id_a) ~ '): give both, or remove the row.',
            'has a row of ' ~ tojson(id_a) ~ ' with itself: remove it.',
            'has the action ' ~ tojson(action) ~ ' for ' ~ tojson(id_a) ~ ' and ' ~ tojson(id_b) ~ ': it must be link or never_link.',
            'says both link and never_link of ' ~ tojson(id_a) ~ ' and ' ~ tojson(id_b) ~ ': remove one of the rows.'
        ][problem - 1]) -%}
    {%- endfor -%}
{% endmacro %}

{#- How the log of restatements names an override. -#}
{% macro override_detail() -%}
    'identity_overrides: ' || id_a || ', ' || id_b
{%- endmacro %}
