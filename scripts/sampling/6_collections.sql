-- Each collection as its files have it: columns and their order. load_day, visit_no, k and copy are not in the files.

CREATE VIEW tracks AS
SELECT
    id, anonymous_id, user_id, event, event_text, "timestamp", original_timestamp, sent_at, received_at, uuid_ts,
    context_page_url, context_page_path, context_page_referrer, context_page_title, context_page_search,
    context_campaign_source, context_campaign_medium, context_campaign_name, context_campaign_term, context_campaign_content,
    context_user_agent, context_ip, plan, amount,
    load_day, visit_no, k, copy
FROM web_messages
WHERE kind = 'tracks';

CREATE VIEW pages AS
SELECT
    id, anonymous_id, user_id, name, "timestamp", original_timestamp, sent_at, received_at, uuid_ts,
    context_page_url, context_page_path, context_page_referrer, context_page_title, context_page_search,
    context_campaign_source, context_campaign_medium, context_campaign_name, context_campaign_term, context_campaign_content,
    context_user_agent, context_ip, url, path, referrer, search, title,
    load_day, visit_no, k, copy
FROM web_messages
WHERE kind = 'pages';

CREATE VIEW identifies AS
SELECT
    id, anonymous_id, user_id, "timestamp", original_timestamp, sent_at, received_at, uuid_ts, context_ip,
    load_day, visit_no, k, copy
FROM identified_messages
WHERE kind = 'identifies';

CREATE VIEW aliases AS
SELECT
    id, previous_id, user_id, "timestamp", original_timestamp, sent_at, received_at, uuid_ts,
    load_day, visit_no, k, copy
FROM identified_messages
WHERE kind = 'aliases';
