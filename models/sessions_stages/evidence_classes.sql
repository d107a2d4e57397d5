{{ config(incremental_strategy='replace_keys', unique_key='combination_id', meta={'always': true}) }}

with evidence_sources as (
    select * from {{ ref('evidence_sources') }}
),

evidence_channels as (
    select * from {{ ref('evidence_channels') }}
),

classified as (
    select
        evidence_sources.combination_id,
        evidence_sources.source,
        evidence_sources.medium,
        case
            when evidence_sources.is_untracked then 'Untracked' else coalesce(evidence_channels.channel, 'Unassigned')
        end as channel,
        evidence_sources.click_id_name,
        evidence_sources.source_rule,
        evidence_sources.referrer_pattern,
        evidence_sources.excluded_domain,
        evidence_sources.return_paths,
        evidence_channels.category as source_category,
        evidence_channels.category_pattern,
        case when not evidence_sources.is_untracked then evidence_channels.rule_order end as channel_rule_order,
        evidence_sources.has_evidence,
        evidence_sources.is_external_referrer,
        evidence_sources.is_untracked,
        evidence_sources.is_direct,
        evidence_sources.is_paid_click
        or (not evidence_sources.is_untracked and coalesce(evidence_channels.is_paid, false)) as is_paid
    from evidence_sources
    inner join evidence_channels
        on {{ lower_case("coalesce(evidence_sources.source, '')") }} = evidence_channels.source
        and {{ lower_case("coalesce(evidence_sources.medium, '')") }} = evidence_channels.medium
        and {{ lower_case("coalesce(evidence_sources.utm_campaign, '')") }} = evidence_channels.campaign
),

with_attributed as (
    select *, is_paid or {{ is_one_of('channel', var('attributed_channels')) }} as is_attributed from classified
),

-- a new class marks the row; a new reason for the same class does not, because it affects no touch
evidence_classes as (
    select
        with_attributed.*,
        {%- if is_incremental() %}
        case
            when unchanged.combination_id is not null then unchanged.reclassified_by
            when stored.combination_id is not null then {{ reclassified_by('with_attributed', 'stored') }}
        end as reclassified_by,
        coalesce(unchanged.is_reclassified, stored.combination_id is not null) as is_reclassified,
        coalesce(unchanged.batch_id, {{ current_batch_id() }}) as batch_id
        {%- else %}
        {{ as_id_text('null') }} as reclassified_by,
        false as is_reclassified,
        {{ current_batch_id() }} as batch_id
        {%- endif %}
    from with_attributed
    {%- if is_incremental() %}
    left join {{ this }} as stored on with_attributed.combination_id = stored.combination_id
    left join {{ this }} as unchanged
        on with_attributed.combination_id = unchanged.combination_id
        and (
            with_attributed.source, with_attributed.medium, with_attributed.channel, with_attributed.click_id_name,
            with_attributed.has_evidence, with_attributed.is_external_referrer, with_attributed.return_paths,
            with_attributed.is_direct, with_attributed.is_paid, with_attributed.is_attributed
        ) is not distinct from (
            unchanged.source, unchanged.medium, unchanged.channel, unchanged.click_id_name,
            unchanged.has_evidence, unchanged.is_external_referrer, unchanged.return_paths,
            unchanged.is_direct, unchanged.is_paid, unchanged.is_attributed
        )
    {%- endif %}
)

select * from evidence_classes
