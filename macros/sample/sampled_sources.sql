{#- Condition on a source's rows: without a sample true, else that one of their ids is in it. -#}

{#-
    The rows of a place of a collection that a refresh has to look at: those that may be new, and all rows of ids that came
    into the sample since the last refresh. (Messages without any id are nobody's, and in no sample.)
    present: column -> {name, type} of the place.
-#}
{% macro rows_to_read(collection, place, present) -%}
    {%- set may_be_new = may_be_new(collection, place, present) -%}
    {%- if var('sample') is none -%}
        {{ may_be_new }}
    {%- else -%}
        {{ has_sampled_id(present) }}
        and (
            ({{ may_be_new }})
            or {{ has_sampled_id(present, applied_by_all_readers('batch_messages') if execute else 0) }}
        )
    {%- endif -%}
{%- endmacro %}

{#- Condition that the anonymous id or the user id of a source's row came into the sample after a batch. -#}
{% macro has_sampled_id(present, after=0) -%}
    (
        false
        {%- for name in ['anonymous_id', 'user_id'] if name in present %}
        or {{ trimmed(source_value(present[name], 'text')) }} in (
            select id from {{ state_table('sample_ids') }} where id_type = '{{ name }}' and batch_id > {{ after }}
        )
        {%- endfor %}
    )
{%- endmacro %}

{#- Query on the ids that occur together on any message of any source: anonymous_id, user_id, previous_id, first_seen_at. -#}
{% macro identities_in_sources() -%}
    select
        {{ valid_id('anonymous_id') }} as anonymous_id,
        {{ valid_id('user_id') }} as user_id,
        {{ valid_id('previous_id') }} as previous_id,
        min(case when {{ is_wrong_clock('claimed_at', 'received_at') }} then received_at else claimed_at end) as first_seen_at
    from (
        {%- for collection in collections() %}
        select
            id,
            {{ 'anonymous_id' if collection != 'aliases' else as_id_text('null') }} as anonymous_id,
            user_id,
            {{ 'previous_id' if collection == 'aliases' else as_id_text('null') }} as previous_id,
            {{ staged_times() }}
        from (
            {{ source_rows(collection, every_row=true) }}
        ) as {{ collection }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as messages
    where claimed_at is not null and {{ valid_id('id') }} is not null
    group by 1, 2, 3
{%- endmacro %}
