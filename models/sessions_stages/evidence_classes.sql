{{ config(incremental_strategy='replace_keys', unique_key='combination_id', meta={'always': true}) }}

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
    select
        source,
        category,
        row_number() over (partition by source order by host_pattern) as choice
    from referrers
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

-- each pattern is tried once on each different text, not on each combination
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
        categorized.*,
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

channels as (
    select source, medium, campaign, channel, rule_order, is_paid from matching_rules
    where choice = 1
),

classified as (
    select
        evidence_sources.combination_id,
        evidence_sources.source,
        evidence_sources.medium,
        case
            when evidence_sources.is_untracked then 'Untracked' else coalesce(channels.channel, 'Unassigned')
        end as channel,
        evidence_sources.click_id_name,
        evidence_sources.source_rule,
        evidence_sources.referrer_pattern,
        evidence_sources.excluded_domain,
        evidence_sources.return_paths,
        categorized.category as source_category,
        categorized.category_pattern,
        channels.rule_order as channel_rule_order,
        evidence_sources.has_evidence,
        evidence_sources.is_external_referrer,
        evidence_sources.is_untracked,
        evidence_sources.is_direct,
        evidence_sources.is_paid_click or coalesce(channels.is_paid, false) as is_paid
    from evidence_sources
    inner join categorized
        on {{ lower_case("coalesce(evidence_sources.source, '')") }} = categorized.source
        and {{ lower_case("coalesce(evidence_sources.medium, '')") }} = categorized.medium
        and {{ lower_case("coalesce(evidence_sources.utm_campaign, '')") }} = categorized.campaign
    left join channels
        on categorized.source = channels.source
        and categorized.medium = channels.medium
        and categorized.campaign = channels.campaign
        and not evidence_sources.is_untracked
),

with_attributed as (
    select *, is_paid or {{ is_one_of('channel', var('attributed_channels')) }} as is_attributed from classified
),

-- another class marks the row, another reason for the same class does not: it concerns no touch
evidence_classes as (
    select
        with_attributed.*,
        {%- if is_incremental() %}
        coalesce(unchanged.is_reclassified, stored.combination_id is not null) as is_reclassified,
        coalesce(unchanged.batch_id, {{ current_batch_id() }}) as batch_id
        {%- else %}
        false as is_reclassified,
        {{ current_batch_id() }} as batch_id
        {%- endif %}
    from with_attributed
    {%- if is_incremental() %}
    left join {{ this }} as stored on with_attributed.combination_id = stored.combination_id
    left join {{ this }} as unchanged
        on with_attributed.combination_id = unchanged.combination_id
        {%- for column in ['source', 'medium', 'channel', 'click_id_name', 'has_evidence', 'is_external_referrer', 'return_paths', 'is_direct', 'is_paid', 'is_attributed'] %}
        and with_attributed.{{ column }} is not distinct from unchanged.{{ column }}
        {%- endfor %}
    {%- endif %}
)

select * from evidence_classes
