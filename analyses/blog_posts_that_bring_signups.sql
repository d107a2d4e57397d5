-- Which blog posts bring people who sign up, and who pay? For each post, the persons who read it before any other post and signed up
-- later, those of them who came by it, and those who have paid.
--
-- How to read it. Each person counts for one post, the first one they read, so the columns add up. A post with many sign-ups but a
-- small came_by_it is read by people who know the site already; a small percent_paying says that it brings the curious. The
-- list of posts is a row as well, such as /blog. Young sign-ups have had little time to pay.
--
-- blog_path: path of blog_url without host, query and final slash. signups: persons who signed up. came_by_it: of them, the post
-- was the first page they ever saw. payers, percent_paying: of them, who have paid more than they got back.
with attribution as (
    select * from {{ ref('attribution') }}
    where blog_url is not null
),

person_revenue as (
    select * from {{ ref('person_revenue') }}
),

payers as (
    select distinct alias_id from person_revenue
    group by alias_id, currency
    having sum(revenue) > 0
),

readers as (
    select
        coalesce(nullif(rtrim({{ url_path('attribution.blog_url') }}, '/'), ''), '/') as blog_path,
        attribution.blog_url = attribution.first_page_ever_visited as came_by_it,
        payers.alias_id is not null as has_paid
    from attribution
    left join payers on attribution.alias_id = payers.alias_id
)

select
    blog_path,
    count(*) as signups,
    count(case when readers.came_by_it then 1 end) as came_by_it,
    count(case when has_paid then 1 end) as payers,
    round(100.0 * count(case when has_paid then 1 end) / count(*), 1) as percent_paying
from readers
group by blog_path
order by signups desc, payers desc, blog_path
