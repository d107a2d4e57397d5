{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='alias_id',
    meta={'affected_by': 'affected_aliases', 'since': 'signup_timestamp', 'since_is_optional': true},
    indexes=lookup_indexes([['alias_id']]),
    post_hook=["{{ analyze_table() }}", "{{ record_rebuild() }}"]
) }}

with signups as (
    select alias_id, signup_timestamp from {{ ref('attribution') }}
),

-- who has not signed up has their whole path so far; what changed after a sign-up changes nothing of what led to it
counted_touches as (
    select
        touches.alias_id,
        touches.channel,
        touches.touch_number,
        signups.signup_timestamp,
        signups.alias_id is null
        or ({{ counts_for_signup('touches.touch_timestamp', 'signups.signup_timestamp') }}) as is_counted
    from {{ ref('touches') }} as touches
    left join signups on touches.alias_id = signups.alias_id
    {{ made_again('touches') }}
    {%- if is_incremental() %}
    where signups.alias_id is null or signups.signup_timestamp >= affected_aliases.remade_since
    {%- endif %}
),

compared as (
    select
        *,
        lag(channel) over (partition by alias_id, is_counted order by touch_number) as channel_before
    from counted_touches
),

person_paths as (
    select
        alias_id,
        coalesce(
            array_agg(channel order by touch_number)
            filter (where is_counted and channel is distinct from channel_before),
            array[{{ quoted(unattributed_name()) }}]
        ) as path,
        count(*) filter (where is_counted) as touch_count,
        signup_timestamp is not null as has_signup,
        signup_timestamp
    from compared
    group by alias_id, signup_timestamp
)

select * from person_paths
