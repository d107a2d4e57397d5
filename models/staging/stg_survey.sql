with source as (
    {{ business_rows('survey') }}
),

stg_survey as (
    select
        trim(user_id) as user_id,
        {{ lower_case('trim(answer)') }} as answer,
        answered_at
    from source
    where user_id is not null and trim(answer) != ''
)

select * from stg_survey
