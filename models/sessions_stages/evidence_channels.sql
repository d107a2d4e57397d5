{{ config(materialized='ephemeral') }}

-- Rules ask for the source, the medium and the campaign alone, so each different three are classified once.
with evidence_sources as (
    select * from {{ ref('evidence_sources') }}
),

referrers as (
    select * from {{ ref('referrers') }}
),

channel_rules as (
    select * from {{ ref('channel_rules') }}
),

signatures as (
    select distinct
        {{ lower_case("coalesce(source, '')") }} as source,
        {{ lower_case("coalesce(medium, '')") }} as medium,
        {{ lower_case("coalesce(utm_campaign, '')") }} as campaign
    from evidence_sources
),

-- a source may be a host (youtube.com) or a name (youtube)
source_forms as (
    {{ host_forms('signatures', 'source') }}
),

categories_by_host as (
    {{ host_matches('source_forms') }}
),

categories_by_name as (
    select source, category, row_number() over (partition by source order by host_pattern) as choice from referrers
),

categorized as (
    select
        signatures.*,
        coalesce(categories_by_host.category, categories_by_name.category) as category,
        categories_by_host.host_pattern as category_pattern
    from signatures
    left join categories_by_host on signatures.source = categories_by_host.host
    left join categories_by_name on signatures.source = categories_by_name.source and categories_by_name.choice = 1
),

-- each pattern is tried once per distinct text, not once per combination
texts as (
    select 'source' as field, source as value from signatures
    union
    select 'medium' as field, medium as value from signatures
    union
    select 'campaign' as field, campaign as value from signatures
),

patterns as (
    select 'source' as field, source_pattern as pattern from channel_rules
    union
    select 'medium' as field, medium_pattern as pattern from channel_rules
    union
    select 'campaign' as field, campaign_pattern as pattern from channel_rules
),

found as (
    select texts.field, texts.value, patterns.pattern from texts
    inner join patterns on texts.field = patterns.field
    where {{ regexp_found('texts.value', 'patterns.pattern') }}
),

matching_rules as (
    select
        categorized.source,
        categorized.medium,
        categorized.campaign,
        channel_rules.channel,
        channel_rules.rule_order,
        channel_rules.is_paid,
        row_number() over (
            partition by categorized.source, categorized.medium, categorized.campaign order by channel_rules.rule_order
        ) as choice
    from categorized
    cross join channel_rules
    left join found as source_found
        on source_found.field = 'source' and source_found.value = categorized.source
        and source_found.pattern = channel_rules.source_pattern
    left join found as medium_found
        on medium_found.field = 'medium' and medium_found.value = categorized.medium
        and medium_found.pattern = channel_rules.medium_pattern
    left join found as campaign_found
        on campaign_found.field = 'campaign' and campaign_found.value = categorized.campaign
        and campaign_found.pattern = channel_rules.campaign_pattern
    where
        (channel_rules.source_pattern is null or source_found.pattern is not null)
        and (channel_rules.medium_pattern is null or medium_found.pattern is not null)
        and (channel_rules.campaign_pattern is null or campaign_found.pattern is not null)
        and (
            channel_rules.source_category is null
            or strpos('|' || channel_rules.source_category || '|', '|' || categorized.category || '|') > 0
        )
),

evidence_channels as (
    select
        categorized.source,
        categorized.medium,
        categorized.campaign,
        categorized.category,
        categorized.category_pattern,
        matching_rules.channel,
        matching_rules.rule_order,
        matching_rules.is_paid
    from categorized
    left join matching_rules
        on categorized.source = matching_rules.source
        and categorized.medium = matching_rules.medium
        and categorized.campaign = matching_rules.campaign
        and matching_rules.choice = 1
)

select * from evidence_channels
