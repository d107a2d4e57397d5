-- What the demo shows of its tables.

-- query: top_sources
select
    {touch}_source as source, {touch}_medium as medium, count(*) as signups,
    round(100 * avg(signed_up_in_first_session::int), 1) as percent_first_session
from sessions.attribution
group by all
order by signups desc, source, medium
limit 8

-- query: somebody
-- A person with a story: who came by several channels before the sign-up.
select alias_id from sessions.attribution
where session_count_before_signup > 1 and first_touch_channel != last_touch_channel
order by session_count_before_signup, alias_id
limit 1
