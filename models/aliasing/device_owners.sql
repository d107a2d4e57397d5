{{ config(unique_key=['anonymous_id', 'owner_number'], meta={'replaced_by': ['anonymous_id']},
    indexes=lookup_indexes([['anonymous_id']])) }}

with batch_intervals as (
    {{ new_rows_of('batch_intervals') }}
),

identified_devices as (
    select distinct anonymous_id from batch_intervals
    where anonymous_id != '' and user_id != ''
),

identity_spans as (
    select * from {{ ref('identity_spans') }}
    {%- if is_incremental() %}
    where anonymous_id in (select anonymous_id from identified_devices)
    {%- endif %}
),

known_pairs as (
    select * from {{ ref('known_pairs') }}
    {%- if is_incremental() %}
    where anonymous_id in (select anonymous_id from identified_devices)
    {%- endif %}
),

{% if var('identity_policy') == 'timeline' -%}
-- a visit belongs to the user whose span is the first to end at or after its start, or else to the last one
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
ranked as (
    select
        *,
        row_number() over (
            partition by anonymous_id
            order by {{ 'first_seen_at' if var('identity_policy') == 'first' else 'last_seen_at desc' }}, user_id
        ) as choice
    from known_pairs
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
        anonymous_id,
        user_id,
        {{ person_of_user('user_id') }} as alias_id,
        owner_number,
        {{ current_batch_id() }} as batch_id,
        owns_after,
        owns_until
    from owners
)

select * from device_owners
