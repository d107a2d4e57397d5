{#-
    A developer's sample (variable `sample`, in percent): refresh.sample_ids lists the ids whose messages are read. Ids ever seen
    together on a message, or linked by an alias message, are connected, and connected ids are in or out together. So each journey in the
    sample is whole, with all other users of its devices, and its rows equal those of the full data.
    The hash of the id seen first among the connected ones decides, so a later sign-up or device does not matter. If two separate
    persons become connected and only one of them was in the sample, the other comes in too; nobody ever leaves, except by
    --full-refresh. A larger percentage takes the same persons and more.
-#}

{#- Pre-hook of the model that reads the sources: brings refresh.sample_ids up to date. Nothing without a sample. -#}
{% macro choose_sample() %}
    {%- set invalid_ids = ref('invalid_ids') -%}
    {%- if execute and var('sample') is not none -%}
        {%- call statement('connected ids') %}{{ connected_ids() }}{% endcall -%}
        {%- set state = namespace(is_joined=false) -%}
        {%- for step in range(10000) if not state.is_joined -%}
            {#- Jinja evaluates the condition of the loop before each step. -#}
            {%- set state.is_joined = run_query(components_apart()).rows | length == 0 -%}
            {%- if not state.is_joined -%}
                {%- call statement('joined components') %}{{ join_components() }}{% endcall -%}
            {%- endif -%}
        {%- endfor -%}
        {{ keep_sampled_ids() }}
    {%- endif -%}
{% endmacro %}

{#-
    SQL for temporary tables: all ids, each with the component it would be alone in, and the pairs that connect them. A component
    is named by its id seen first: time, type and id with tabs between, which sorts like the time.
-#}
{% macro connected_ids() %}
    {%- set known_pairs = production_table('known_pairs') -%}
    {%- set aliases = production_table('aliases') -%}
    {%- set persons_of_users = production_table('persons_of_users') -%}
    {%- set is_unknown = known_pairs is none or aliases is none or persons_of_users is none -%}
    {%- if applied_batch_id('app_tracks') == 0 %}
    delete from {{ state_table('sample_ids') }};
    {%- endif %}
    {%- if is_unknown %}
    create temporary table sample_messages as {{ identities_in_sources() }};
    {%- endif %}
    create temporary table sample_known as
    select id_type, id, {{ sortable_time('first_seen_at') }} || chr(9) || id_type || chr(9) || id as component
    from (
        {%- if is_unknown %}
        select 'anonymous_id' as id_type, anonymous_id as id, min(first_seen_at) as first_seen_at from sample_messages
        where anonymous_id is not null
        group by anonymous_id
        union all
        select 'user_id' as id_type, user_id as id, min(first_seen_at) as first_seen_at from sample_messages
        where user_id is not null
        group by user_id
        {%- else %}
        select id_type, id, first_seen_at from {{ aliases }}
        {%- endif %}
    ) as known;
    create temporary table sample_pairs as
    select pairs.anonymous_id, pairs.user_id, least(devices.component, users.component) as component
    from (
        {%- if is_unknown %}
        select coalesce(anonymous_id, previous_id) as anonymous_id, user_id from sample_messages
        {%- else %}
        select anonymous_id, user_id from {{ known_pairs }}
        {%- endif %}
    ) as pairs
    inner join sample_known as devices on pairs.anonymous_id = devices.id and devices.id_type = 'anonymous_id'
    inner join sample_known as users on pairs.user_id = users.id and users.id_type = 'user_id'
    union all
    -- linked users share something with a tab in it, which no anonymous id has
    select chr(9) || links.link as anonymous_id, links.user_id, users.component
    from (
        {%- if is_unknown %}
        select previous_id as link, user_id from sample_messages where previous_id is not null
        union
        select previous_id as link, previous_id as user_id from sample_messages where previous_id is not null
        {%- else %}
        select group_id as link, user_id from {{ persons_of_users }}
        {%- endif %}
    ) as links
    inner join sample_known as users on links.user_id = users.id and users.id_type = 'user_id';
{% endmacro %}

{#- Query with a row while pairs of one component name it differently. -#}
{% macro components_apart() %}
    select 1 from (
        select user_id as id from sample_pairs
        group by user_id
        having min(component) != max(component)
        union all
        select anonymous_id as id from sample_pairs
        group by anonymous_id
        having min(component) != max(component)
    ) as apart
    limit 1
{% endmacro %}

{#- SQL that passes the first name of a component on to the pairs that share a user or a device. -#}
{% macro join_components() %}
    create temporary table sample_joined as
    select anonymous_id, user_id, min(component) over (partition by anonymous_id) as component
    from (
        select anonymous_id, user_id, min(component) over (partition by user_id) as component from sample_pairs
    ) as by_user;
    drop table sample_pairs;
    alter table sample_joined rename to sample_pairs;
{% endmacro %}

{#- SQL that adds the ids of the components that the hash chooses, and of those with a chosen id. -#}
{% macro keep_sampled_ids() %}
    insert into {{ state_table('sample_ids') }}
    with paired as (
        select 'anonymous_id' as id_type, anonymous_id as id, min(component) as component from sample_pairs
        group by anonymous_id
        union all
        select 'user_id' as id_type, user_id as id, min(component) as component from sample_pairs
        group by user_id
    ),

    components as (
        select sample_known.id_type, sample_known.id, coalesce(paired.component, sample_known.component) as component
        from sample_known
        left join paired on sample_known.id = paired.id and sample_known.id_type = paired.id_type
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
    );
    drop table if exists sample_messages;
    drop table sample_known;
    drop table sample_pairs;
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
    {%- set relation = adapter.get_relation(target.database, 'aliasing', name) -%}
    {%- for problem in (reading_problems(relation.schema, relation.identifier) if relation is not none else []) -%}
        {%- do stop(problem) -%}
    {%- endfor -%}
    {{ return(relation) }}
{% endmacro %}
