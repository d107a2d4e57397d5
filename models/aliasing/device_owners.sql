{{ config(unique_key=['anonymous_id', 'owner_number'], meta={'replaced_by': ['anonymous_id'], 'gone': "user_id = ''"},
    indexes=lookup_indexes([['anonymous_id']])) }}

{% if is_incremental() -%}
with batch_spans as (
    select anonymous_id, user_id from {{ batch_rows('identity_spans') }} as spans
),

changed_devices as (
    select anonymous_id from batch_spans
    union
    -- a user of theirs belongs to another person
    select anonymous_id from {{ ref('identity_spans') }}
    where user_id in (select user_id from {{ batch_rows('persons_of_users') }} as persons)
),

identity_spans as (
    select * from {{ ref('identity_spans') }}
    where anonymous_id in (select anonymous_id from changed_devices)
),

{% else -%}
with identity_spans as (
    select * from {{ ref('identity_spans') }}
),

{% endif -%}
persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

{% if var('identity_policy') == 'timeline' -%}
-- a visit belongs to the user whose span is the first to end at or after its start, else to the last one
owners as (
    select
        anonymous_id,
        user_id,
        span_number as owner_number,
        lag(span_end) over (partition by anonymous_id order by span_number) as owns_after,
        case
            when lead(span_end) over (partition by anonymous_id order by span_number) is not null then span_end
        end as owns_until
    from identity_spans
),

{% else -%}
pairs as (
    select anonymous_id, user_id, min(span_start) as first_seen_at, max(span_end) as last_seen_at from identity_spans
    group by anonymous_id, user_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by anonymous_id
            order by {{ 'first_seen_at' if var('identity_policy') == 'first' else 'last_seen_at desc' }}, user_id
        ) as choice
    from pairs
),

owners as (
    select
        anonymous_id,
        user_id,
        1 as owner_number,
        cast(null as timestamp) as owns_after,
        cast(null as timestamp) as owns_until
    from ranked
    where choice = 1
),

{% endif -%}
device_owners as (
    select
        owners.anonymous_id,
        owners.user_id,
        coalesce(persons_of_users.alias_id, owners.user_id) as alias_id,
        owners.owner_number,
        {{ current_batch_id() }} as batch_id,
        owners.owns_after,
        owners.owns_until
    from owners
    left join persons_of_users on owners.user_id = persons_of_users.user_id
    {%- if is_incremental() %}
    union all
    -- nobody's any more
    select
        anonymous_id,
        user_id,
        '' as alias_id,
        0 as owner_number,
        {{ current_batch_id() }} as batch_id,
        null as owns_after,
        null as owns_until
    from batch_spans
    where user_id = ''
    {%- endif %}
)

select * from device_owners
