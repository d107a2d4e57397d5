{{ config(incremental_strategy='append') }}

with touch_evidence as (
    select * from {{ batch_rows('touch_evidence') }}
),

seen as (
    select distinct
        combination_id,
        utm_source,
        utm_medium,
        utm_campaign,
        referrer_host,
        parameter_names,
        has_campaign_parameter
    from touch_evidence
    union
    -- what remains if the page returned to shows that the referrer does not count
    select distinct
        {{ combination_id('null') }},
        utm_source,
        utm_medium,
        utm_campaign,
        null,
        parameter_names,
        has_campaign_parameter
    from touch_evidence
    where {{ is_told_by_referrer() }}
    union all
    select {{ direct_combination_id() }}, null, null, null, null, '', false
    union all
    select {{ untracked_combination_id() }}, null, null, null, null, '', false
),

evidence_combinations as (
    select *, {{ current_batch_id() }} as batch_id from seen
    {%- if is_incremental() %}
    where combination_id not in (select combination_id from {{ this }})
    {%- endif %}
)

select * from evidence_combinations
