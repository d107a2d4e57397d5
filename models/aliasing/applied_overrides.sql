{{ config(unique_key=['id_a', 'id_b'], meta={'always': true, 'gone': 'action is null'}) }}

with identity_overrides as (
    select * from {{ ref('stg_identity_overrides') }}
),

overrides as (
    select id_a, id_b, min(action) as action, min(note) as note from identity_overrides
    group by id_a, id_b
),

named_ids as (
    select id_a as id from overrides
    union
    select id_b as id from overrides
),

anonymous_ids as (
    select id, first_seen_at from {{ ref('seen_ids') }}
    where id_type = 'anonymous_id' and id in (select id from named_ids)
),

resolved as (
    select
        overrides.*,
        anonymous_a.first_seen_at as a_seen_at,
        anonymous_b.first_seen_at as b_seen_at
    from overrides
    left join anonymous_ids as anonymous_a on overrides.id_a = anonymous_a.id
    left join anonymous_ids as anonymous_b on overrides.id_b = anonymous_b.id
),

-- a device and a user are a pair from the device's first message on, two devices are nothing
decided as (
    select
        id_a,
        id_b,
        action,
        note,
        case
            when action = 'never_link' then 'never'
            when a_seen_at is null and b_seen_at is null then 'link'
            when a_seen_at is null or b_seen_at is null then 'pair'
            else 'none'
        end as effect,
        case when a_seen_at is not null then id_a else id_b end as anonymous_id,
        case when a_seen_at is not null then id_b else id_a end as user_id,
        coalesce(a_seen_at, b_seen_at) as paired_at
    from resolved
),

{% if is_incremental() -%}
-- what the batch brings, in this_batch under the same name, is the rows that changed, and those taken away
changed as (
    select * from decided
    except
    select id_a, id_b, action, note, effect, anonymous_id, user_id, paired_at from {{ this }}
    union all
    select
        id_a,
        id_b,
        null as action,
        note,
        null as effect,
        anonymous_id,
        user_id,
        paired_at
    from {{ this }} as stored
    where not exists (select 1 from overrides where overrides.id_a = stored.id_a and overrides.id_b = stored.id_b)
),

{% endif -%}
applied_overrides as (
    select *, {{ current_batch_id() }} as batch_id from {{ 'changed' if is_incremental() else 'decided' }}
)

select * from applied_overrides
