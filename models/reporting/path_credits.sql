{{ config(
    materialized='batched', incremental_strategy='replace_persons', unique_key=['alias_id', 'touch_number', 'model'],
    meta={'since': 'signup_timestamp', 'settings': ['position_first_share', 'position_last_share', 'time_decay_half_life_days']},
    indexes=lookup_indexes([['alias_id'], ['model', 'channel']])) }}

{% set unattributed = quoted(unattributed_name()) -%}
-- changes after a sign-up do not affect what led to it
with attribution as (
    select attribution.* from {{ ref('attribution') }} as attribution
    {{ of_changed_persons('attribution', 'signup_timestamp') }}
),

counted_touches as (
    select counted_touches.* from {{ ref('counted_touches') }} as counted_touches
    {{ of_changed_persons('counted_touches', 'signup_timestamp') }}
),

models as (
    select unnest({{ text_array(path_models()) }}) as model
),

with_shares as (
    select
        *,
        row_number() over (
            partition by alias_id order by is_direct or is_untracked, touch_number desc
        ) as indirect_place_from_end,
        cast(1 as double precision) / count(*) over (partition by alias_id, channel) as share_in_channel,
        {{ decayed('touch_timestamp', 'signup_timestamp') }} as decayed_weight
    from counted_touches
),

-- added up in a fixed order: another one may change the last digit, and stored rows would be rewritten
weighed as (
    select
        *,
        {{ position_weight('place', 'place_from_end', 'touch_count') }} as position_weight,
        round(sum(share_in_channel) over (partition by alias_id)) as channel_count,
        sum(decayed_weight) over (
            partition by alias_id order by touch_number rows between unbounded preceding and unbounded following
        ) as decayed_weights
    from with_shares
),

shared as (
    select
        weighed.*,
        models.model,
        case models.model
            when 'first' then case when place = 1 then 1 end
            when 'last' then case when place_from_end = 1 then 1 end
            when 'last_non_direct' then case when indirect_place_from_end = 1 then 1 end
            when 'first_paid' then case when is_attributed and attributed_place = 1 then 1 end
            when 'last_paid' then case when is_attributed and attributed_place_from_end = 1 then 1 end
            when 'linear' then cast(1 as double precision) / touch_count
            when 'position' then position_weight
            when 'time_decay' then decayed_weight / decayed_weights
            when 'shapley' then share_in_channel / channel_count
        end as credit
    from weighed
    cross join models
),

credited as (
    select
        alias_id, touch_id, session_id, model, channel, source, medium, campaign, term, content, touch_number, credit,
        touch_timestamp, signup_timestamp
    from shared
    where credit > 0
),

-- so that every sum includes all sign-ups
unattributed as (
    select
        attribution.alias_id,
        {{ unattributed }} as touch_id,
        cast(null as text) as session_id,
        models.model,
        {{ unattributed }} as channel,
        {{ unattributed }} as source,
        {{ unattributed }} as medium,
        cast(null as text) as campaign,
        cast(null as text) as term,
        cast(null as text) as content,
        cast(0 as bigint) as touch_number,
        1 as credit,
        cast(null as timestamp) as touch_timestamp,
        attribution.signup_timestamp
    from attribution
    cross join models
    left join credited on attribution.alias_id = credited.alias_id and models.model = credited.model
    where credited.alias_id is null
),

path_credits as (
    select * from credited
    union all
    select * from unattributed
)

select * from path_credits
