with path_credits as (
    select * from {{ ref('path_credits') }}
),

removal_effects as (
    select * from {{ ref('removal_effects') }}
),

path_totals as (
    select
        model,
        channel,
        sum(credit) as signups
    from path_credits
    group by model, channel
),

-- all sign-ups that have a touch, by share of the removal effects; the others stay unattributed
markov_totals as (
    select
        'markov' as model,
        channel,
        removal_effect / sum(removal_effect) over () * (
            select count(*) from path_credits
            where model = 'first' and channel != {{ quoted(unattributed_name()) }}
        ) as signups
    from removal_effects
    union all
    select
        'markov' as model,
        channel,
        signups
    from path_totals
    where model = 'first' and channel = {{ quoted(unattributed_name()) }}
),

totals as (
    select * from path_totals
    union all
    select * from markov_totals
),

channel_credits as (
    select
        totals.model,
        totals.channel,
        totals.signups,
        totals.signups / sum(totals.signups) over (partition by totals.model) as share_of_signups,
        case when totals.model = 'markov' then removal_effects.removal_effect end as removal_effect
    from totals
    left join removal_effects on totals.channel = removal_effects.channel
)

select * from channel_credits
