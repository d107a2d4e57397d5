{{ config(materialized=hint_part()) }}

-- depends_on: {{ ref('stg_message_ids') }}
{% if stored_message_relations() -%}
with arriving as (
    select message_type, event_id from {{ ref('stg_message_ids') }}
),

-- what was loaded last is read again (reload_overlap_hours): most of it is found among the latest messages
latest_ids as (
    select message_type, event_id from {{ stored_relation('app_tracks') }}
    where occurred_at > timestamp '{{ latest_load_cutoff() }}'
),

-- The others may be copies of any message ever stored. In order, so that neighbours are found on the same page of an index.
sought as (
    select distinct event_id from arriving
    where not exists (
        select 1 from latest_ids
        where latest_ids.event_id = arriving.event_id and latest_ids.message_type = arriving.message_type
    )
    order by event_id
),

stored_ids as (
    select message_type, event_id from latest_ids
    {%- for relation in stored_message_relations() %}
    union all
    select stored.message_type, stored.event_id
    from sought
    inner join {{ relation }} as stored on sought.event_id = stored.event_id
    {%- endfor %}
),

-- One column without copies: with two, PostgreSQL expects many equal rows, and would sort all messages, wide as they are.
known_messages as (
    select distinct message_type || ' ' || event_id as message_key from stored_ids
)

select * from known_messages
{%- else -%}
select cast(null as text) as message_key
where false
{%- endif %}
