{#-
    Query: each user that a link in `links` (user_id, linked_user_id) names, with a label shared by all who are connected, directly or
    through others. Each user passes the smallest label that reached them on to those with a greater one; in the end the smallest one of
    a group has reached all of it. Labels are hashes, because a chain in the order of its ids would take a step for each pair of them.
    all_links: a query on all links, which stands alone, for an engine that has no recursive query.
-#}
{% macro connected_users(links, all_links) -%}
    {{ adapter.dispatch('connected_users', 'signup_attribution')(links, all_links) }}
{%- endmacro %}

{% macro default__connected_users(links, all_links) -%}
    with recursive edges as (
        select user_id, linked_user_id, md5(linked_user_id) as linked_label from {{ links }}
        union
        select linked_user_id as user_id, user_id as linked_user_id, md5(user_id) as linked_label from {{ links }}
    ),

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
    )

    select user_id, min(label) as label from labels
    group by user_id
{%- endmacro %}
