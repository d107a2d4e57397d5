{{ config(unique_key='user_id', meta={'gone': 'alias_id is null'},
    indexes=lookup_indexes([['user_id'], ['group_id']])) }}

-- The one place where links merge several users into one person. Its rows in this_batch are the users whose group
-- changed.
with recursive user_links as (
    select user_id, linked_user_id from {{ ref('user_links') }}
),

changed_messages as (
    select user_id, previous_id from {{ ref('alias_messages') }}
    where batch_id > {{ applied_batch_id() }}
),

{% if is_incremental() -%}
touched as (
    select user_id from changed_messages
    union
    select previous_id as user_id from changed_messages
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
    select user_id, linked_user_id from user_links
    {%- if is_incremental() %}
    where user_id in (select user_id from affected)
    {%- endif %}
),

-- labels are hashes: in a chain of users sorted by id, each label would otherwise pass through all users after it
edges as (
    select user_id, linked_user_id, md5(linked_user_id) as linked_label from links
    union
    select linked_user_id as user_id, user_id as linked_user_id, md5(user_id) as linked_label from links
),

-- Each user passes on the smallest label that reached them to users with a greater one, until the smallest label of a
-- group has reached all of it.
labels as (
    select distinct user_id, md5(user_id) as label from edges
    union
    select user_id, label from (
        select
            edges.linked_user_id as user_id,
            labels.label,
            row_number() over (partition by edges.linked_user_id order by labels.label) as choice
        from labels
        inner join edges on labels.user_id = edges.user_id and labels.label < edges.linked_label
    ) as handed_on
    where choice = 1
),

labelled as (
    select user_id, min(label) as label from labels
    group by user_id
),

users as (
    select id, first_session_at from {{ ref('seen_ids') }}
    where id_type = 'user_id' {{ and_found_in('id', 'labelled', 'user_id') if is_incremental() }}
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

guarded as (
    select *, case when user_count > {{ var('max_users_per_person') }} then 'too_many_users' end as unmerged_reason
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
    where user_id in (select user_id from {{ this }}) and user_id not in (select user_id from persons)
),

{% endif -%}
persons_of_users as (
    select *, {{ current_batch_id() }} as batch_id from {{ 'changes' if is_incremental() else 'persons' }}
    {%- if is_incremental() %}
    union all
    -- no longer in any group
    select
        user_id,
        null as group_id,
        null as alias_id,
        null as unmerged_reason,
        null as user_count,
        null as first_session_at,
        {{ current_batch_id() }} as batch_id
    from gone
    {%- endif %}
)

select * from persons_of_users
