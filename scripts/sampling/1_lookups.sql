-- Chance and the small lists the sample is drawn from.
-- Settings come in as macros: seed(), first_person(), people_count(), wanted_messages(), day_count(); first_us(),
-- end_us() and new_columns_us() are microseconds since 1970 (the end is the first one after the last
-- load day).

-- A random number in [0, 1) for one thing (its hash h) and one purpose (a word). The same thing and
-- purpose always give the same number, so nothing depends on the order in which rows are computed.
CREATE MACRO chance(h, purpose) AS
    (hash(xor(h, hash(purpose))) >> 11)::DOUBLE / 9007199254740992.0;

-- A whole number in [0, n).
CREATE MACRO pick(h, purpose, n) AS (hash(xor(h, hash(purpose))) % n::UBIGINT)::INTEGER;

-- An id in UUID form, as browsers make them for anonymous visitors.
CREATE MACRO as_uuid(h, purpose) AS (
    hash(xor(h, hash(purpose)))::UHUGEINT * 18446744073709551616::UHUGEINT
    + hash(xor(h, hash(purpose || ' low')))::UHUGEINT
)::UUID::VARCHAR;

CREATE MACRO seconds(n) AS (n * 1000000::BIGINT)::BIGINT;
CREATE MACRO minutes(n) AS (n * 60000000::BIGINT)::BIGINT;
CREATE MACRO day_us() AS 86400000000;

-- Pages of the site. Two live on a subdomain of our own.
CREATE TABLE site_pages AS
SELECT
    -- The order is total up to equal rows, so a page has the same number in every run.
    (row_number() OVER (ORDER BY page_order, path, title, base_url) - 1)::INTEGER AS page_no,
    base_url, path, title
FROM (
    SELECT 1 AS page_order, 'https://www.example.com' || path AS base_url, path, title
    FROM (VALUES
        ('/', 'Example'), ('/', 'Example'), ('/', 'Example'), ('/', 'Example'),
        ('/pricing', 'Pricing'), ('/pricing', 'Pricing'), ('/features', 'Features'),
        ('/docs', 'Documentation'), ('/docs/start', 'Getting started'), ('/docs/api', 'API'),
        ('/about', 'About us'), ('/customers', 'Customers'), ('/contact', 'Contact'),
        ('/signup', 'Sign up'), ('/signup', 'Sign up'), ('/login', 'Log in'),
        ('/app', 'Dashboard'), ('/app/reports', 'Reports'), ('/app/settings', 'Settings'),
        ('/search', 'Search'), ('/Prix-é', 'Prix'),
        ('/blog/', 'Blog'), ('/blog/', 'Blog'), ('/blog/hello-world', 'Hello, world')
    ) AS site (path, title)
    UNION ALL
    SELECT 2, 'https://www.example.com/blog/post-' || n, '/blog/post-' || n, 'Post number ' || n
    FROM range(1, 13) AS numbers (n)
    UNION ALL
    SELECT 3, 'https://blog.example.com' || path, path, title
    FROM (VALUES ('/', 'The Example blog'), ('/archive', 'Archive')) AS blog (path, title)
);


-- Ways to arrive. weight: share among visits in thousandths. return_weight: share among second
-- arrivals in the middle of a visit. tagged: the shop's tags fill the context_campaign_* columns;
-- false: the utm parameters are found in the URL only.
CREATE TABLE arrivals AS
SELECT
    (row_number() OVER () - 1)::INTEGER AS arrival_no,
    *,
    nullif(concat_ws('&',
        'utm_source=' || url_encode(utm_source), 'utm_medium=' || url_encode(utm_medium),
        'utm_campaign=' || url_encode(utm_campaign), 'utm_term=' || url_encode(utm_term),
        'utm_content=' || url_encode(utm_content)), '') AS query
FROM (VALUES
    (350, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- search engines
    (130, 60, 'https://www.google.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (20, 20, 'https://www.google.co.uk/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (15, 0, 'https://www.google.de/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (25, 20, 'https://www.bing.com/search?q=example', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (15, 0, 'https://duckduckgo.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- social sites; fbclid comes with unpaid clicks too
    (20, 20, 'https://www.facebook.com/', NULL, NULL, NULL, NULL, NULL, 'fbclid', true),
    (15, 0, 'https://l.facebook.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (15, 20, 'https://t.co/AbCdEf', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (15, 0, 'https://www.linkedin.com/feed/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (12, 0, 'https://www.reddit.com/r/dataengineering/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (13, 0, 'https://news.ycombinator.com/item?id=1', NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- AI assistants
    (22, 20, 'https://chatgpt.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (8, 0, NULL, 'chatgpt.com', NULL, NULL, NULL, NULL, NULL, false),
    (10, 0, 'https://www.perplexity.ai/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- e-mail
    (25, 60, NULL, 'newsletter', 'email', 'newsletter_may', NULL, 'header', NULL, true),
    (20, 40, 'https://mail.google.com/', 'newsletter', 'email', 'onboarding', NULL, NULL, NULL, true),
    (15, 20, NULL, 'customer.io', 'email', 'Win back 2026', NULL, NULL, NULL, false),
    -- paid search, with and without tags (auto-tagging sends the click id alone)
    (25, 60, 'https://www.google.com/', 'google', 'cpc', 'brand', 'example app', 'ad_a', 'gclid', true),
    (20, 40, 'https://www.google.com/', 'google', 'cpc', 'Spring Sale 2026', 'event tracking', 'ad_b', 'gclid', true),
    (15, 0, 'https://www.google.com/', NULL, NULL, NULL, NULL, NULL, 'gclid', true),
    (10, 20, 'https://www.bing.com/', 'bing', 'cpc', 'brand', 'example', NULL, 'msclkid', true),
    (5, 0, 'https://www.bing.com/', NULL, NULL, NULL, NULL, NULL, 'msclkid', true),
    -- paid social
    (20, 40, 'https://www.facebook.com/', 'facebook', 'paid_social', 'retargeting_q2', NULL, 'video_1', 'fbclid', true),
    (10, 0, 'https://l.instagram.com/', 'instagram', 'paid_social', 'lookalike', NULL, 'story', 'fbclid', false),
    (15, 20, 'https://www.tiktok.com/', 'tiktok', 'cpc', 'launch', NULL, NULL, 'ttclid', true),
    (10, 0, 'https://www.linkedin.com/', 'linkedin', 'cpm', 'b2b leaders', NULL, NULL, NULL, true),
    (8, 20, NULL, 'adroll', 'retargeting', 'retargeting_q2', NULL, NULL, NULL, false),
    (7, 0, 'https://news.example.org/', 'example-news', 'display', 'banner_spring', NULL, NULL, NULL, true),
    -- half a pair, strange values
    (6, 20, 'https://partner.example.net/', 'partner', NULL, NULL, NULL, NULL, NULL, true),
    (4, 0, NULL, NULL, NULL, 'only_a_campaign', NULL, NULL, NULL, true),
    (4, 0, NULL, 'Café & Co', 'Affiliate', '50% off', NULL, NULL, NULL, false),
    -- other sites
    (14, 20, 'https://dev.example.dev/tools', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (12, 0, 'https://www.g2.com/products/example', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (8, 0, 'https://github.com/example/example', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (6, 0, 'https://www.youtube.com/watch?v=1', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (5, 0, 'android-app://com.google.android.gm/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- our own site as the referrer: no evidence of an arrival from elsewhere
    (30, 0, 'https://www.example.com/pricing', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (15, 60, 'https://blog.example.com/archive', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (3, 0, 'https://example.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    -- coming back from paying or logging in
    (5, 260, 'https://www.paypal.com/', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (5, 120, 'https://checkout.stripe.com/c/pay/cs_1', NULL, NULL, NULL, NULL, NULL, NULL, true),
    (3, 40, 'https://accounts.google.com/', NULL, NULL, NULL, NULL, NULL, NULL, true)
) AS ways (weight, return_weight, referrer, utm_source, utm_medium, utm_campaign, utm_term,
    utm_content, click_id_name, tagged);

-- One row per thousandth: a random number from 0 up picks an arrival with its weight.
CREATE TABLE entry_slots AS
SELECT (row_number() OVER (ORDER BY arrival_no, n) - 1)::INTEGER AS slot, arrival_no
FROM arrivals, range(0, weight) AS copies (n);

CREATE TABLE return_slots AS
SELECT (row_number() OVER (ORDER BY arrival_no, n) - 1)::INTEGER AS slot, arrival_no
FROM arrivals, range(0, return_weight) AS copies (n);

CREATE TABLE actions AS
SELECT *
FROM (VALUES
    (0, 'button_clicked', 'Button Clicked'), (1, 'page_scrolled', 'Page Scrolled'),
    (2, 'video_played', 'Video Played'), (3, 'plan_viewed', 'Plan Viewed'),
    (4, 'search_performed', 'Search Performed'), (5, 'article_shared', 'Article Shared'),
    (6, 'form_started', 'Form Started'), (7, 'report_created', 'Report Created'),
    -- sent by servers with no visitor about: the demo ignores these when it builds visits
    (8, 'invoice_paid', 'Invoice Paid'), (9, 'email_delivered', 'Email Delivered'),
    (10, 'signed_up', 'Signed Up'), (11, 'logged_in', 'Logged In')
) AS names (action_no, event, event_text);
