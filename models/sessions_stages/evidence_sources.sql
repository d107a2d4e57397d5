{{ config(materialized=hint_part()) }}

with evidence_combinations as (
    select * from {{ ref('evidence_combinations') }}
),

click_ids as (
    select * from {{ ref('click_ids') }}
),

evidence_referrers as (
    select * from {{ ref('evidence_referrers') }}
),

click_matches as (
    select
        evidence_combinations.combination_id,
        click_ids.*,
        row_number() over (partition by combination_id order by click_ids.priority, click_ids.click_id_name) as choice
    from evidence_combinations
    inner join click_ids
        on strpos(evidence_combinations.parameter_names || '&', '&' || lower(click_ids.click_id_name) || '&') > 0
),

clicks as (
    select * from click_matches
    where choice = 1
),

resolved as (
    select
        evidence_combinations.*,
        clicks.click_id_name,
        clicks.source as click_source,
        clicks.medium as click_medium,
        evidence_referrers.source as known_source,
        evidence_referrers.category as known_category,
        evidence_referrers.host_pattern as known_pattern,
        evidence_referrers.excluded_domain,
        evidence_referrers.return_paths,
        coalesce(clicks.is_paid, false) as is_paid_click,
        coalesce(evidence_referrers.is_external, false) as is_external_referrer,
        evidence_combinations.combination_id = {{ untracked_combination_id() }} as is_untracked,
        coalesce(evidence_combinations.utm_source, evidence_combinations.utm_medium) is not null as has_utm_pair
    from evidence_combinations
    left join clicks on evidence_combinations.combination_id = clicks.combination_id
    left join evidence_referrers on evidence_combinations.combination_id = evidence_referrers.combination_id
),

with_evidence as (
    select *, has_campaign_parameter or click_id_name is not null or is_external_referrer as has_evidence from resolved
),

evidence_sources as (
    select
        combination_id,
        case
            when has_utm_pair then utm_source
            when click_id_name is not null then click_source
            when is_external_referrer then coalesce(known_source, referrer_host)
            when is_untracked then '(untracked)'
            else '(direct)'
        end as source,
        case
            when has_utm_pair then utm_medium
            when click_id_name is not null then click_medium
            when is_external_referrer
                then case known_category
                    when 'search' then 'organic'
                    when 'social' then 'social'
                    when 'email' then 'email'
                    when 'video' then 'video'
                    when 'ai_assistant' then 'ai-assistant'
                    when 'display' then 'display'
                    else 'referral'
                end
            else '(none)'
        end as medium,
        utm_campaign,
        click_id_name,
        case
            when has_utm_pair then 'utm'
            when click_id_name is not null then 'click_id'
            when is_external_referrer then 'referrer'
            when is_untracked then 'untracked'
            else 'direct'
        end as source_rule,
        case when is_external_referrer then known_pattern end as referrer_pattern,
        excluded_domain,
        return_paths,
        is_paid_click,
        is_external_referrer,
        is_untracked,
        has_evidence,
        -- parameters (direct) / (none) say that there was no source; a click id says that there was one
        not is_untracked and (
            not has_evidence
            or (
                {{ lower_case("coalesce(utm_source, '')") }} = '(direct)'
                and {{ lower_case("coalesce(utm_medium, '')") }} = '(none)'
                and click_id_name is null
            )
        ) as is_direct
    from with_evidence
)

select * from evidence_sources
