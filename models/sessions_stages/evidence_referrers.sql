{{ config(materialized='ephemeral') }}

-- What the seeds know of a referrer.
with evidence_combinations as (
    select * from {{ ref('evidence_combinations') }}
),

excluded_referrers as (
    select * from {{ ref('excluded_referrers') }}
),

referrer_hosts as (
    select distinct referrer_host from evidence_combinations
),

referrer_forms as (
    {{ host_forms('referrer_hosts', 'referrer_host') }}
),

known_referrers as (
    {{ host_matches('referrer_forms') }}
),

-- payment and login providers send people back; nobody comes from there
exclusions as (
    select
        referrer_forms.host,
        excluded_referrers.domain,
        unnest({{ parts_of("coalesce(excluded_referrers.returned_to, 'any')", '|') }}) as returned_to,
        excluded_referrers.returned_to is null as is_any_page
    from referrer_forms
    inner join excluded_referrers on referrer_forms.form = excluded_referrers.domain
),

excluded as (
    select
        evidence_combinations.combination_id,
        min(exclusions.domain) as domain
    from evidence_combinations
    inner join exclusions on evidence_combinations.referrer_host = exclusions.host
    where
        exclusions.is_any_page
        or (
            exclusions.returned_to not like '/%'
            and {{ has_all_parts('evidence_combinations.parameter_names', 'exclusions.returned_to') }}
        )
    group by evidence_combinations.combination_id
),

-- the page's path is not part of a combination; the paths on which the referrer does not count are
path_exclusions as (
    select
        host,
        min(domain) as domain,
        {{ distinct_texts('returned_to', '|') }} as return_paths
    from exclusions
    where returned_to like '/%'
    group by host
),

evidence_referrers as (
    select
        evidence_combinations.combination_id,
        known_referrers.source,
        known_referrers.category,
        known_referrers.host_pattern,
        coalesce(excluded.domain, path_exclusions.domain) as excluded_domain,
        case when excluded.domain is null then path_exclusions.return_paths end as return_paths,
        excluded.domain is null as is_external
    from evidence_combinations
    left join known_referrers on evidence_combinations.referrer_host = known_referrers.host
    left join excluded on evidence_combinations.combination_id = excluded.combination_id
    left join path_exclusions on evidence_combinations.referrer_host = path_exclusions.host
    where evidence_combinations.referrer_host is not null
)

select * from evidence_referrers
