-- Combinations of evidence that no message has any more, not even without a referrer that does not count.
delete from {sessions_stages}.evidence_combinations as stored
where
    not exists (
        select 1 from {sessions_stages}.touch_evidence as evidence
        where evidence.combination_id = stored.combination_id
    )
    -- the combinations of direct and untracked always stay
    and (
        stored.has_campaign_parameter
        or coalesce(stored.utm_source, stored.utm_medium, stored.utm_campaign, stored.referrer_host) is not null
        or stored.parameter_names != ''
    )
    and not (
        stored.referrer_host is null and exists (
            select 1 from {sessions_stages}.touch_evidence as evidence
            where
                evidence.has_campaign_parameter
                and evidence.referrer_host is not null
                and evidence.utm_source is null
                and evidence.utm_medium is null
                and evidence.utm_campaign is not distinct from stored.utm_campaign
                and evidence.parameter_names = stored.parameter_names
                and stored.has_campaign_parameter
                and stored.utm_source is null
                and stored.utm_medium is null
        )
    );

delete from {sessions_stages}.evidence_classes
where combination_id not in (select combination_id from {sessions_stages}.evidence_combinations);
