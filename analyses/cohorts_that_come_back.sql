-- Do people who signed up come back? For each week and month of sign-ups, over all channels, the share that was active after 1,
-- 2 and 4 weeks or months.
--
-- How to read it. Compare a column from top to bottom: falling shares mean that newer sign-ups stick less. From left to right the
-- share falls and then levels out; that level is who stays. A period that is not over yet is left empty.
--
-- cohort: week or month, also the unit of the ages. start: first day of the period of the sign-ups. signups: persons.
-- after_1 ...: percent of them with a session so many periods later.
with signup_retention as (
    select * from {{ ref('signup_retention') }}
),

-- the channels of a cohort have the same ages
cohort_ages as (
    select
        cohort_type,
        cohort_start,
        age,
        sum(signup_count) as signup_count,
        sum(case when is_complete then active_count end) as active_count
    from signup_retention
    group by cohort_type, cohort_start, age
)

select
    cohort_type as cohort,
    cohort_start as start,
    cast(max(signup_count) as bigint) as signups,
    {%- for age in [1, 2, 4] %}
    round(100.0 * max(case when age = {{ age }} then active_count end) / max(signup_count), 1) as after_{{ age }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from cohort_ages
group by cohort_type, cohort_start
order by cohort_type, cohort_start
