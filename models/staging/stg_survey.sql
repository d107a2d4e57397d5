with source as (
    {{ business_rows('survey') }}
),

cleaned as (
    select
        {{ valid_id('user_id') }} as user_id,
        {{ lower_case(without_blanks('answer')) }} as answer,
        answered_at
    from source
),

stg_survey as (
    select * from cleaned
    where user_id is not null and answer != ''
)

select * from stg_survey
