{#-
    A developer's sample (variable `sample`, in percent): refresh.sample_ids lists the ids whose messages are read. Ids ever seen
    together on a message, or linked by an alias message, are connected, and connected ids are in or out together. So each journey in the
    sample is whole, with all other users of its devices, and its rows equal those of the full data.
    The hash of the id seen first among the connected ones decides, so a later sign-up or device does not matter. If two separate
    persons become connected and only one of them was in the sample, the other comes in too; nobody ever leaves, except by
    --full-refresh. A larger percentage takes the same persons and more.
-#}

{#-
    Pre-hook of the model that reads the sources: adds to refresh.sample_ids the ids of the components that the hash chooses, and of
    those with a chosen id. A component is named by its id seen first: time, type and id with tabs between, which sorts like the time.
    Nothing without a sample.
-#}
{% macro choose_sample() %}
    {%- set invalid_ids = ref('invalid_ids') -%}
    {%- if execute and var('sample') is not none -%}
    {%- set known_pairs, aliases, persons_of_users = production_table('known_pairs'), production_table('aliases'), production_table('persons_of_users') -%}
    {%- set is_known = known_pairs is not none and aliases is not none and persons_of_users is not none -%}
    {%- set found -%}
    with {% if is_known -%}
    ids as (
        select id_type, id, first_seen_at from {{ aliases }}
    ),

    pairs as (
        select anonymous_id, user_id, cast(null as text) as link from {{ known_pairs }}
        union all
        select null as anonymous_id, user_id, group_id as link from {{ persons_of_users }}
    ),
    {%- else -%}
    messages as (
        {{ identities_in_sources() }}
    ),

    ids as (
        select 'anonymous_id' as id_type, anonymous_id as id, min(first_seen_at) as first_seen_at from messages
        where anonymous_id is not null
        group by anonymous_id
        union all
        select 'user_id' as id_type, user_id as id, min(first_seen_at) as first_seen_at from messages
        where user_id is not null
        group by user_id
    ),

    pairs as (
        select coalesce(anonymous_id, previous_id) as anonymous_id, user_id, previous_id as link from messages
        where user_id is not null
        union all
        select null as anonymous_id, previous_id as user_id, previous_id as link from messages
        where previous_id is not null
    ),
    {%- endif %}

    -- both ends as type and id with a tab between
    links as (
        select 'user_id' || chr(9) || user_id as user_id, 'anonymous_id' || chr(9) || anonymous_id as linked_user_id from pairs
        where anonymous_id is not null
        union
        select 'user_id' || chr(9) || user_id as user_id, 'link' || chr(9) || link as linked_user_id from pairs
        where link is not null
    )
    {%- endset -%}
    {%- if applied_batch_id('app_tracks') == 0 %}
    delete from {{ state_table('sample_ids') }};
    {%- endif %}
    insert into {{ state_table('sample_ids') }}
    {{ found }},

    connected as (
        {{ connected_users('links', found ~ ' select * from links') }}
    ),

    components as (
        select
            ids.id_type,
            ids.id,
            min({{ sortable_time('ids.first_seen_at') }} || chr(9) || ids.id_type || chr(9) || ids.id)
                over (partition by coalesce(connected.label, ids.id_type || chr(9) || ids.id)) as component
        from ids
        left join connected on ids.id_type || chr(9) || ids.id = connected.user_id
    ),

    chosen as (
        select component from components
        where {{ is_in_sample('component') }}
        union
        select components.component from components
        inner join {{ state_table('sample_ids') }} as stored on components.id = stored.id and components.id_type = stored.id_type
    )

    select components.id_type, components.id, {{ current_batch_id() }} as batch_id
    from components
    inner join chosen on components.component = chosen.component
    where not exists (
        select 1 from {{ state_table('sample_ids') }} as stored
        where stored.id = components.id and stored.id_type = components.id_type
    )
    {%- endif -%}
{% endmacro %}

{#- Condition that a component is among the `sample` percent: by the first 32 bits of its id's hash. -#}
{% macro is_in_sample(component) -%}
    {%- if var('sample') >= 100 -%}
        true
    {%- else -%}
        {{ as_id_text('left(md5(split_part(' ~ component ~ ', chr(9), 3)), 8)') }} < '{{ '%08x' | format((var('sample') * 2 ** 32 / 100) | int) }}'
    {%- endif -%}
{%- endmacro %}

{#-
    A table of folder aliasing in production's schemas of the same database, where the ids are already known; or none. Stops with
    one sentence if it exists but may not be read.
-#}
{% macro production_table(name) %}
    {#- where there is no such schema, looking for its tables may create it -#}
    {%- set relation = adapter.get_relation(target.database, 'aliasing', name) if adapter.check_schema_exists(target.database, 'aliasing') else none -%}
    {%- do stop_if_any(reading_problems(relation.schema, relation.identifier) if relation is not none else []) -%}
    {{ return(relation) }}
{% endmacro %}
