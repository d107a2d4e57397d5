-- Every sign-up has credit 1 in every model, no more and no less.
with attribution as (
    select * from {{ ref('attribution') }}
),

touch_credits as (
    select * from {{ ref('touch_credits') }}
),

models as (
    select unnest({{ text_array(credit_models()) }}) as model
),

credits as (
    select
        alias_id,
        model,
        sum(credit) as credit
    from touch_credits
    group by alias_id, model
)

select attribution.alias_id, models.model, credits.credit
from attribution
cross join models
full outer join credits on attribution.alias_id = credits.alias_id and models.model = credits.model
where credits.credit is null or attribution.alias_id is null or abs(credits.credit - 1) > 1e-9
