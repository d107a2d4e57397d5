{{ config(materialized='batched', unique_key=['reported_as', 'channel'], meta={'always': true}) }}

with survey as (
    select * from {{ ref('stg_survey') }}
),

survey_answers as (
    select * from {{ ref('survey_answers') }}
),

persons_of_users as (
    select * from {{ ref('persons_of_users') }}
),

attribution as (
    select * from {{ ref('attribution') }}
),

answers as (
    select
        coalesce(persons_of_users.alias_id, survey.user_id) as alias_id,
        survey.answer,
        survey.answered_at
    from survey
    left join persons_of_users on survey.user_id = persons_of_users.user_id
),

-- a person's first answer counts, as it is nearest to the sign-up
ranked_answers as (
    select
        *,
        row_number() over (partition by alias_id order by answered_at nulls last, answer) as place
    from answers
),

first_answers as (
    select * from ranked_answers
    where place = 1
),

texts as (
    select distinct answer from first_answers
),

matches as (
    select
        texts.answer,
        survey_answers.reported_as,
        survey_answers.channels,
        row_number() over (partition by texts.answer order by survey_answers.rule_order) as choice
    from texts
    inner join survey_answers on {{ regexp_found('texts.answer', 'survey_answers.answer_pattern') }}
),

compared as (
    select
        coalesce(matches.reported_as, '(other)') as reported_as,
        case
            when attribution.alias_id is null then {{ quoted(no_signup_name()) }}
            else coalesce(attribution.first_touch_channel, {{ quoted(unattributed_name()) }})
        end as channel,
        matches.channels,
        attribution.first_touch_channel
    from first_answers
    left join matches on first_answers.answer = matches.answer and matches.choice = 1
    left join attribution on first_answers.alias_id = attribution.alias_id
),

-- only an answer that names channels, of a person with a first touch, can agree
judged as (
    select
        *,
        case
            when channels is not null and first_touch_channel is not null
                then strpos('|' || channels || '|', '|' || first_touch_channel || '|') > 0
        end as is_agreed
    from compared
),

counted as (
    select
        reported_as,
        channel,
        count(*) as person_count,
        bool_or(is_agreed) as is_agreed,
        count(*) filter (where is_agreed) as agreed_count,
        count(is_agreed) as judged_count
    from judged
    group by reported_as, channel
),

reported_vs_attributed as (
    select
        reported_as,
        channel,
        person_count,
        cast(person_count as double precision) / sum(person_count) over (partition by reported_as) as share_of_reported,
        cast(sum(agreed_count) over () as double precision) / nullif(sum(judged_count) over (), 0) as agreement_share,
        is_agreed
    from counted
)

select * from reported_vs_attributed
