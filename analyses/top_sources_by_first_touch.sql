-- Where do people who sign up first come from? Sources by their sign-ups by first touch, those with the most first, with how long it
-- took from the first visit to the sign-up, and how many of them were paid for at some point before it.
--
-- How to read it. A source with a large percent_paid gets help from ads that it does not show as such.
--
-- source, channel: of the first touch; (none) if its link has a medium only. signups: persons. days: from their first session to the
-- sign-up, on average. percent_paid: of them, with an attributed touch.
with attribution as (
    select * from {{ ref('attribution') }}
),

signups as (
    select
        *,
        case
            when first_touch_timestamp is null then '(none in look-back)'
            else coalesce(first_touch_source, '(none)')
        end as source
    from attribution
)

select
    source,
    first_touch_channel as channel,
    count(*) as signups,
    round(cast(avg(days_to_signup) as numeric), 1) as days,
    round(
        100.0 * count(case when first_attributed_touch_timestamp is not null then 1 end) / count(*), 1
    ) as percent_paid
from signups
group by source, first_touch_channel
order by signups desc, source, channel
