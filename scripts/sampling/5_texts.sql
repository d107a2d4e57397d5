-- The messages with their texts, as a Segment warehouse shows them. Views: each file reads one load
-- day of one collection.

-- Ids as broken clients send them.
CREATE MACRO junk(h) AS
    ['null', 'undefined', '[object Object]', ' ', '', 'NULL', '00000000-0000-0000-0000-000000000000']
    [1 + pick(h, 'junk', 7)];

CREATE VIEW identified_messages AS
SELECT
    m.*, v.h AS visit_h, v.start_us, v.event_count, v.is_server, v.has_signup, v.has_login,
    v.user_from, v.late_entry_us, v.entry_no, v.return_no, v.device_h,
    coalesce(v.is_server_signup AND m.k = v.user_from AND m.kind = 'tracks', false) AS is_server_signup,
    CASE
        WHEN chance(m.h, 'bad id') < 0.0003 THEN NULL
        WHEN chance(m.h, 'bad id') < 0.0005 THEN junk(m.h)
        ELSE 'msg-' || to_hex(m.h)
    END AS id,
    CASE
        WHEN v.is_server OR (v.is_server_signup AND m.k = v.user_from AND m.kind = 'tracks') THEN NULL
        WHEN chance(m.h, 'bad anonymous') < 0.003 THEN junk(m.h)
        WHEN chance(m.h, 'bad anonymous') < 0.006 THEN NULL
        -- White space around an id is not part of it.
        WHEN chance(m.h, 'bad anonymous') < 0.007 THEN '  ' || v.anonymous_id || chr(10)
        ELSE v.anonymous_id
    END AS anonymous_id,
    CASE
        WHEN chance(m.h, 'bad user') < 0.004 THEN junk(m.h)
        WHEN m.k >= v.user_from THEN if(chance(m.h, 'bad user') < 0.005, v.user_id || ' ', v.user_id)
    END AS user_id,
    -- An alias call names the anonymous id, or an older account.
    coalesce(v.old_user_id, v.anonymous_id) AS previous_id,
    CASE WHEN NOT v.is_server THEN '203.0.113.' || pick(v.device_h, 'ip', 254) END AS context_ip,
    CASE WHEN NOT v.is_server THEN [
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36',
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Version/18.4 Mobile/15E148 Safari/604.1',
        'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Mobile Safari/537.36',
        'Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0'
    ][1 + pick(v.device_h, 'browser', 5)] END AS context_user_agent
FROM messages AS m
INNER JOIN visits AS v ON m.visit_no = v.visit_no;

-- Tracks and pages: which page, and what evidence of an arrival it shows. Two events in a row are on
-- one page: page 1 is the entry, page 2 may be a second arrival.
CREATE VIEW web_messages AS
WITH placed AS (
    SELECT
        *,
        (k + 1) // 2 AS page_step,
        hash(visit_h, page_step) AS page_h,
        pick(page_h, 'page', site.page_count) AS page_no,
        pick(hash(visit_h, page_step - 1), 'page', site.page_count) AS previous_page_no,
        CASE
            WHEN late_entry_us IS NOT NULL AND k = 1 THEN NULL
            WHEN k <= 2 THEN entry_no
            WHEN k <= 4 THEN return_no
        END AS arrival_no,
        CASE
            WHEN is_server THEN 8 + pick(h, 'server event', 2)
            WHEN k = user_from AND has_signup THEN 10
            WHEN k = user_from AND has_login THEN 11
            ELSE pick(h, 'action', 8)
        END AS action_no
    FROM identified_messages, (SELECT count(*) AS page_count FROM site_pages) AS site
),
looked_up AS (
    SELECT
        p.*, a.* EXCLUDE (arrival_no, query, tagged, referrer), s.base_url, s.path, s.title,
        act.event, act.event_text,
        coalesce(a.tagged, false) AS is_tagged,
        is_server OR is_server_signup AS has_no_page,
        -- By the time of the visit, not of the load, so that copies of a message stay equal.
        start_us >= new_columns_us() AS has_new_columns,
        CASE
            WHEN a.arrival_no IS NOT NULL
                THEN concat_ws('&', a.query,
                    a.click_id_name || '=' || to_hex(p.page_h),
                    CASE WHEN a.query IS NULL AND chance(p.page_h, 'query') < 0.05
                        THEN 'page=2' END)
            WHEN chance(p.page_h, 'query') < 0.04 THEN 'q=attribution'
            WHEN chance(p.page_h, 'query') < 0.08 THEN 'page=2'
            ELSE ''
        END AS url_query,
        CASE
            WHEN a.arrival_no IS NOT NULL THEN coalesce(a.referrer, '')
            -- Sites that never reload keep the referrer of the entry; others show their own last page.
            WHEN p.page_step > 1 AND entry.query IS NULL AND chance(p.visit_h, 'one page') < 0.3
                THEN coalesce(entry.referrer, '')
            WHEN p.page_step > 1 THEN previous.base_url
            ELSE ''
        END AS page_referrer
    FROM placed AS p
    INNER JOIN arrivals AS entry ON p.entry_no = entry.arrival_no
    LEFT JOIN arrivals AS a ON p.arrival_no = a.arrival_no
    INNER JOIN actions AS act ON p.action_no = act.action_no
    INNER JOIN site_pages AS s ON p.page_no = s.page_no
    INNER JOIN site_pages AS previous ON p.previous_page_no = previous.page_no
),
shown AS (
    SELECT
        * EXCLUDE (path, title),
        CASE WHEN NOT has_no_page THEN base_url || if(url_query = '', '', '?' || url_query)
            || if(chance(h, 'fragment') < 0.02, '#top', '') END AS page_url,
        CASE WHEN NOT has_no_page THEN path END AS page_path,
        CASE WHEN NOT has_no_page THEN title END AS page_title,
        CASE WHEN NOT has_no_page THEN if(url_query = '', '', '?' || url_query) END AS page_search
    FROM looked_up
)
SELECT
    * EXCLUDE (page_referrer, event),
    -- A few old clients send the event's text only.
    if(chance(h, 'no event') < 0.002, NULL, event) AS event,
    page_url AS context_page_url, page_path AS context_page_path,
    CASE WHEN NOT has_no_page THEN page_referrer END AS context_page_referrer,
    page_title AS context_page_title, page_search AS context_page_search,
    if(is_tagged, utm_source, NULL) AS context_campaign_source,
    if(is_tagged, utm_medium, NULL) AS context_campaign_medium,
    if(is_tagged, utm_campaign, NULL) AS context_campaign_name,
    if(is_tagged AND has_new_columns, utm_term, NULL) AS context_campaign_term,
    if(is_tagged, utm_content, NULL) AS context_campaign_content,
    CASE WHEN event IN ('signed_up', 'plan_viewed', 'invoice_paid') AND has_new_columns
        THEN ['free', 'team', 'business'][1 + pick(h, 'plan', 3)] END AS plan,
    CASE WHEN event = 'invoice_paid' THEN [9.0, 29.0, 99.5][1 + pick(h, 'amount', 3)] END::DOUBLE AS amount,
    -- Page calls carry the page twice; a few clients leave out one of the two.
    if(chance(h, 'name') < 0.3, NULL, page_title) AS name,
    if(chance(h, 'no url') < 0.03, NULL, page_url) AS url,
    page_path AS path, page_referrer AS referrer, page_search AS search, page_title AS title
FROM shown;
