{{ config(materialized='batched', unique_key='channel') }}

-- A first-order Markov chain over channels, fitted on the paths of all persons: each path starts, moves from channel to
-- channel, and ends in a sign-up or in none. A channel's removal effect is the share of the chain's probability of a
-- sign-up that is lost when every move to the channel ends in none instead.
with recursive channel_moves as (
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

-- the identity less the matrix of moves between channels ...
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

-- ... inverted in place (Gauss-Jordan elimination), one channel per step; it is diagonally dominant, so it needs no
-- pivoting
elimination as (
    select 0 as step, i, j, entry from matrix
    union all
    select
        step + 1 as step,
        i,
        j,
        case
            when i = step + 1 and j = step + 1 then 1 / diagonal
            when i = step + 1 then entry / diagonal
            when j = step + 1 then -entry / diagonal
            else entry - in_step_column * in_step_row / diagonal
        end as entry
    from (
        select
            *,
            max(case when j = step + 1 then entry end) over (partition by i) as in_step_column,
            max(case when i = step + 1 then entry end) over (partition by j) as in_step_row,
            max(case when i = step + 1 and j = step + 1 then entry end) over () as diagonal
        from elimination
        where step < (select count(*) from channels)
    ) as with_diagonal
),

-- From here on fractions are added up in the order of states: another order may change the last digit, and so
-- rewrite rows.
-- visit_count: expected number of visits to channel j when starting in channel i, the start included
inverse as (
    select i, j, entry as visit_count from elimination
    where step = (select count(*) from channels)
),

visits as (
    select
        inverse.j as state,
        sum(coalesce(starts.start_share, 0) * inverse.visit_count order by inverse.i) as visit_count
    from inverse
    inner join channels on inverse.i = channels.state
    left join starts on channels.channel = starts.channel
    group by inverse.j
),

outlooks as (
    select
        inverse.i as state,
        sum(inverse.visit_count * channels.signup_share order by inverse.j) as signup_probability
    from inverse
    inner join channels on inverse.j = channels.state
    group by inverse.i
),

chances as (
    select sum(visits.visit_count * channels.signup_share order by visits.state) as signup_probability from visits
    inner join channels on visits.state = channels.state
),

-- the chance of ever reaching the channel, times the chance of a sign-up from there
removal_effects as (
    select
        channels.channel,
        visits.visit_count / inverse.visit_count
        * outlooks.signup_probability / chances.signup_probability as removal_effect
    from channels
    inner join visits on channels.state = visits.state
    inner join outlooks on channels.state = outlooks.state
    inner join inverse on channels.state = inverse.i and channels.state = inverse.j
    cross join chances
    where chances.signup_probability > 0
)

select * from removal_effects
