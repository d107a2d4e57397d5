with path_credits as (
    select * from {{ ref('path_credits') }}
),

removal_effects as (
    select * from {{ ref('removal_effects') }}
),

-- linear has a row for every touch that counts
weighed as (
    select
        path_credits.*,
        removal_effects.removal_effect,
        sum(removal_effects.removal_effect) over (partition by path_credits.alias_id) as removal_effects
    from path_credits
    left join removal_effects on path_credits.channel = removal_effects.channel
    where path_credits.model = 'linear'
),

markov_credits as (
    select
        alias_id,
        touch_id,
        session_id,
        'markov' as model,
        channel,
        source,
        medium,
        campaign,
        term,
        content,
        touch_number,
        -- no effect: unattributed, or a run of selected models has not computed a new channel's effect yet
        case when removal_effects > 0 then coalesce(removal_effect, 0) / removal_effects else credit end as credit,
        touch_timestamp,
        signup_timestamp
    from weighed
),

touch_credits as (
    select * from path_credits
    union all
    select * from markov_credits
    where credit > 0
)

select * from touch_credits
