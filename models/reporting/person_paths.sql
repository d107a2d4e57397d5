{{ config(materialized='batched', incremental_strategy='replace_persons', unique_key='alias_id',
    meta={'since': 'signup_timestamp', 'since_is_optional': true},
    indexes=lookup_indexes([['alias_id']])) }}

-- changes after a sign-up do not affect what led to it
with attribution as (
    select attribution.alias_id, attribution.signup_timestamp from {{ ref('attribution') }} as attribution
    {{ of_changed_persons('attribution', 'signup_timestamp') }}
),

counted_touches as (
    select counted_touches.* from {{ ref('counted_touches') }} as counted_touches
    {{ of_changed_persons('counted_touches', 'signup_timestamp') }}
),

touches as (
    select touches.* from {{ ref('touches') }} as touches
    {{ of_changed_persons('touches') }}
),

signed_up as (
    select alias_id from {{ ref('attribution') }}
),

-- persons who have not signed up have their whole path so far
path_touches as (
    select
        attribution.alias_id,
        counted_touches.channel,
        counted_touches.touch_number,
        attribution.signup_timestamp
    from attribution
    left join counted_touches on attribution.alias_id = counted_touches.alias_id
    union all
    select touches.alias_id, touches.channel, touches.touch_number, cast(null as timestamp) as signup_timestamp
    from touches
    left join signed_up on touches.alias_id = signed_up.alias_id
    where signed_up.alias_id is null
),

compared as (
    select
        *,
        lag(channel) over (partition by alias_id order by touch_number) as channel_before
    from path_touches
),

person_paths as (
    select
        alias_id,
        coalesce(
            {{ list_in_order('channel', 'touch_number', 'channel is distinct from channel_before') }},
            {{ text_array([unattributed_name()]) }}
        ) as path,
        count(channel) as touch_count,
        signup_timestamp is not null as has_signup,
        signup_timestamp
    from compared
    group by alias_id, signup_timestamp
)

select * from person_paths
