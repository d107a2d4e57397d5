{{ config(materialized='batched', unique_key='channel') }}

-- A first-order Markov chain over channels, fitted on the paths of all persons: each path starts, moves from channel to
-- channel, and ends in a sign-up or in none. A channel's removal effect is the share of the chain's probability of a
-- sign-up that is lost when every move to the channel ends in none instead.
with channel_moves as (
    select * from {{ ref('channel_moves') }}
),

channels as (
    select
        channel,
        row_number() over (order by channel) as state,
        sum(person_count) as person_count,
        cast(sum(signup_count) as double precision) / sum(person_count) as signup_share
    from channel_moves
    where channel is not null
    group by channel
),

starts as (
    select
        next_channel as channel,
        cast(person_count as double precision) / sum(person_count) over () as start_share
    from channel_moves
    where channel is null
),

-- the identity less the matrix of moves between channels
matrix as (
    select
        from_states.state as i,
        to_states.state as j,
        case when from_states.state = to_states.state then 1 else 0 end
        - cast(coalesce(channel_moves.person_count, 0) as double precision) / from_states.person_count as entry
    from channels as from_states
    cross join channels as to_states
    left join channel_moves
        on from_states.channel = channel_moves.channel
        and to_states.channel = channel_moves.next_channel
),

-- From here on fractions are added up in the order of states: another order may change the last digit, and so
-- rewrite rows.
-- entry: expected number of visits to channel j when starting in channel i, the start included
inverse as (
    {{ inverse_of('matrix') }}
),

visits as (
    select
        inverse.j as state,
        {{ sum_in_order('coalesce(starts.start_share, 0) * inverse.entry', 'inverse.i') }} as visit_count
    from inverse
    inner join channels on inverse.i = channels.state
    left join starts on channels.channel = starts.channel
    group by inverse.j
),

outlooks as (
    select
        inverse.i as state,
        {{ sum_in_order('inverse.entry * channels.signup_share', 'inverse.j') }} as signup_probability
    from inverse
    inner join channels on inverse.j = channels.state
    group by inverse.i
),

chances as (
    select
        {{ sum_in_order('visits.visit_count * channels.signup_share', 'visits.state') }} as signup_probability
    from visits
    inner join channels on visits.state = channels.state
),

-- the chance of ever reaching the channel, times the chance of a sign-up from there
removal_effects as (
    select
        channels.channel,
        visits.visit_count / inverse.entry
        * outlooks.signup_probability / chances.signup_probability as removal_effect
    from channels
    inner join visits on channels.state = visits.state
    inner join outlooks on channels.state = outlooks.state
    inner join inverse on channels.state = inverse.i and channels.state = inverse.j
    cross join chances
    where chances.signup_probability > 0
)

select * from removal_effects
