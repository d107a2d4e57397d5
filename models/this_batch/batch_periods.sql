{{ config(meta={'holds_all_for_rebuilt': true}) }}

-- Devices with new evidence of who used them, and all of their evidence: that of the batch, and what is stored.
{% set spans_as_stored = stored_relation('identity_spans') if is_incremental() -%}
with batch_intervals as (
    select anonymous_id, user_id, first_at, last_at from {{ ref('batch_intervals') }}
    where anonymous_id != '' and user_id != '' and batch_id > {{ applied_by_all_readers(model.name) }}
),

alias_messages as (
    select previous_id as anonymous_id, user_id, occurred_at as first_at, occurred_at as last_at
    from {{ ref('alias_messages') }}
    where is_pair and batch_id > {{ applied_by_all_readers(model.name) }}
),

-- all evidence of these is read again, as some of it may no longer count
overridden as (
    select overrides.id_a as anonymous_id from {{ batch_rows('applied_overrides') }} as overrides
    union
    select overrides.id_b as anonymous_id from {{ batch_rows('applied_overrides') }} as overrides
),

pair_messages as (
    select anonymous_id, user_id, min(occurred_at) as first_at, max(occurred_at) as last_at
    from {{ ref('pair_messages') }}
    where anonymous_id in (select anonymous_id from overridden)
    group by anonymous_id, user_id
),

evidence as (
    select * from batch_intervals
    union all
    select * from alias_messages
    union all
    select * from pair_messages
),

arrived as (
    select * from evidence
    where not exists (
        select 1 from {{ ref('never_linked') }} as never_linked
        where never_linked.id = evidence.anonymous_id and never_linked.other_id = evidence.user_id
    )
),

periods as (
    select * from arrived
    {%- if spans_as_stored %}
    union all
    select anonymous_id, user_id, span_start as first_at, span_end as last_at from {{ spans_as_stored }} as stored
    where
        anonymous_id in (select anonymous_id from arrived)
        and not exists (select 1 from overridden where overridden.anonymous_id = stored.anonymous_id)
    union all
    -- nobody, where nothing is left, so that stored spans go
    select anonymous_id, '' as user_id, null as first_at, null as last_at from overridden
    where not exists (select 1 from arrived where arrived.anonymous_id = overridden.anonymous_id)
    {%- endif %}
),

counted as (
    select
        *,
        min(user_id) over (partition by anonymous_id)
        != max(user_id) over (partition by anonymous_id) as is_shared_device
    from periods
),

-- a device of one user has one period; where users share one, periods that overlap become one, in whatever order they
-- came
marked as (
    select
        *,
        case
            when not is_shared_device or first_at <= max(last_at) over (
                partition by anonymous_id order by first_at, last_at, user_id
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as starts_period
    from counted
),

numbered as (
    select
        *,
        sum(starts_period) over (
            partition by anonymous_id order by first_at, last_at, user_id rows unbounded preceding
        ) as period_number
    from marked
),

batch_periods as (
    select
        anonymous_id,
        case when min(user_id) = max(user_id) then min(user_id) end as user_id,
        is_shared_device,
        {{ current_batch_id() }} as batch_id,
        min(first_at) as first_at,
        max(last_at) as last_at
    from numbered
    group by anonymous_id, is_shared_device, period_number
)

select * from batch_periods
