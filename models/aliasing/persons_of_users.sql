{{ config(unique_key='user_id', meta={'gone': 'alias_id is null'},
    indexes=lookup_indexes([['user_id'], ['group_id']])) }}

-- The one place where links merge users into persons. Its rows in this_batch are the users whose group changed.
-- depends_on: {{ ref('applied_overrides') }}
with changed_messages as (
    select user_id, previous_id from {{ ref('alias_messages') }}
    where batch_id > {{ applied_batch_id() }}
),

{% if is_incremental() -%}
touched as (
    select user_id from changed_messages
    union
    select previous_id as user_id from changed_messages
    union
    select id_a as user_id from {{ batch_rows('applied_overrides') }} as overrides
    union
    select id_b as user_id from {{ batch_rows('applied_overrides') }} as overrides
    union
    -- an earlier session event may make another user the alias
    select stored.user_id
    from {{ this }} as stored
    inner join {{ batch_rows('seen_ids') }} as seen_ids on stored.user_id = seen_ids.id and seen_ids.id_type = 'user_id'
    where seen_ids.first_session_at is distinct from stored.first_session_at
),

-- groups as they were: the users they lose or gain are affected, too
affected as (
    select user_id from touched
    union
    select user_id from {{ this }}
    where group_id in (select group_id from {{ this }} where user_id in (select user_id from touched))
),

{% endif -%}
links as (
    select user_id, linked_user_id from {{ ref('user_links') }}
    {%- if is_incremental() %}
    where user_id in (select user_id from affected)
    {%- endif %}
),

labelled as (
    {{ connected_users('links', 'select user_id, linked_user_id from ' ~ ref('user_links')) }}
),

users as (
    select id, first_session_at from {{ ref('seen_ids') }}
    where id_type = 'user_id' {{ hint_and_found_in('id', 'labelled', 'user_id') if is_incremental() }}
),

members as (
    select
        labelled.user_id,
        users.first_session_at,
        min(labelled.user_id) over (partition by labelled.label) as group_id,
        count(*) over (partition by labelled.label) as user_count,
        first_value(labelled.user_id) over (
            partition by labelled.label order by users.first_session_at nulls last, labelled.user_id
        ) as first_user_id
    from labelled
    left join users on labelled.user_id = users.id
),

forbidden as (
    select distinct members.group_id
    from members
    inner join {{ ref('never_linked') }} as never_linked on members.user_id = never_linked.id
    inner join members as others on never_linked.other_id = others.user_id and members.group_id = others.group_id
),

guarded as (
    select
        *,
        case
            when user_count > {{ var('max_users_per_person') }} then 'too_many_users'
            when group_id in (select group_id from forbidden) then 'never_link'
        end as unmerged_reason
    from members
),

persons as (
    select
        user_id,
        group_id,
        case when unmerged_reason is null then first_user_id else user_id end as alias_id,
        unmerged_reason,
        user_count,
        first_session_at
    from guarded
),

{% if is_incremental() -%}
changes as (
    select * from persons
    except
    select user_id, group_id, alias_id, unmerged_reason, user_count, first_session_at from {{ this }}
),

gone as (
    select user_id from affected
    where
        user_id in (select user_id from {{ this }})
        and not exists (select 1 from persons where persons.user_id = affected.user_id)
),

{% endif -%}
persons_of_users as (
    select *, {{ current_batch_id() }} as batch_id from {{ 'changes' if is_incremental() else 'persons' }}
    {%- if is_incremental() %}
    union all
    -- no longer in any group
    select
        user_id,
        null as group_id, null as alias_id, null as unmerged_reason, null as user_count, null as first_session_at,
        {{ current_batch_id() }} as batch_id
    from gone
    {%- endif %}
)

select * from persons_of_users
