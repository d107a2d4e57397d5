-- How many devices are shared? Anonymous ids by the number of users seen on each, and how much depends on who gets their
-- anonymous visits.
--
-- How to read it. Devices with 2 users and more are shared (or a browser that signs people in and out, such as one of your own
-- support). Their anonymous visits belong to whoever identity_policy says: if that column is small, the policy matters little.
--
-- users: number of users seen on the device, 0 for nobody. devices, percent: anonymous ids. visits: on them. anonymous_visits: of
-- these, without a user in any message. signups: visits with a sign-up event.
with aliases as (
    select * from {{ ref('aliases') }}
    where id_type = 'anonymous_id'
),

device_sessions as (
    select * from {{ ref('device_sessions') }}
    where anonymous_id != ''
),

visits as (
    select
        anonymous_id,
        count(*) as visit_count,
        count(case when user_id = '' then 1 end) as anonymous_visit_count,
        count(signup_event) as signup_count
    from device_sessions
    group by anonymous_id
),

-- an id that only identifies were seen with has no visit
devices as (
    select
        aliases.user_count,
        coalesce(visits.visit_count, 0) as visit_count,
        coalesce(visits.anonymous_visit_count, 0) as anonymous_visit_count,
        coalesce(visits.signup_count, 0) as signup_count
    from aliases
    left join visits on aliases.id = visits.anonymous_id
)

select
    user_count as users,
    count(*) as devices,
    round(100.0 * count(*) / sum(count(*)) over (), 2) as percent,
    cast(sum(visit_count) as bigint) as visits,
    cast(sum(anonymous_visit_count) as bigint) as anonymous_visits,
    cast(sum(signup_count) as bigint) as signups
from devices
group by user_count
order by user_count
