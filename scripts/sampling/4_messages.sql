-- One row per message sent or loaded: numbers and times only, so that 10 million fit into memory.
-- The texts are looked up when a file is written.

CREATE TABLE messages AS
WITH numbered AS (
    SELECT
        visit_no, h, device_h, start_us, is_server, has_signup, has_login, has_alias, user_from,
        identify_at, pace_us, lunch_us, exact_gap_us, late_entry_us,
        unnest(range(1, event_count + 1)) AS k
    FROM visits
),
kinds AS (
    SELECT
        *,
        hash(h, k) AS event_h,
        CASE
            WHEN is_server OR (k = user_from AND (has_signup OR has_login)) THEN 'tracks'
            WHEN late_entry_us IS NOT NULL AND k <= 2 THEN if(k = 1, 'tracks', 'pages')
            WHEN k = 1 THEN 'pages'
            WHEN chance(event_h, 'kind') < if(k % 2 = 0, 0.3, 0.75) THEN 'pages'
            ELSE 'tracks'
        END AS kind,
        -- Some events have the time of the one before.
        k - if(k > 2 AND chance(event_h, 'tie') < 0.01, 1, 0) AS k_time
    FROM numbered
),
-- Times follow from the number of the event, without looking at the one before.
placed AS (
    SELECT
        *,
        start_us + CASE
            WHEN k = 1 THEN 0
            WHEN k = 2 AND exact_gap_us IS NOT NULL THEN exact_gap_us
            WHEN k = 2 AND late_entry_us IS NOT NULL THEN late_entry_us
            ELSE ((pace_us * (k_time - 1 + 0.9 * chance(hash(h, k_time), 'jitter')))::BIGINT
                + if(k > 2, lunch_us + coalesce(exact_gap_us, 0) + coalesce(late_entry_us, 0), 0)
            ) // 1000 * 1000
        END AS event_us
    FROM kinds
),
sent AS (
    SELECT visit_no, k, kind, h, device_h, event_us FROM placed
    UNION ALL
    -- An identify call goes out at the same moment as the event that made the user known.
    SELECT visit_no, k, 'identifies', h, device_h, event_us FROM placed WHERE k = identify_at
    UNION ALL
    SELECT visit_no, k, 'aliases', h, device_h, event_us FROM placed WHERE k = user_from AND has_alias
),
hashed AS (
    SELECT
        visit_no, k, kind, event_us, hash(hash(h, k, kind)) AS h,
        -- Clocks of devices are a little off; Segment corrects that in "timestamp".
        (pick(device_h, 'clock', 4001) - 2000) * 1000 AS clock_us,
        -- One to five days, for the few that are late; and for copies one to three.
        (day_us() * (1 + 4 * chance(h, 'late by')))::BIGINT // 1000 * 1000 AS late_us,
        (1 + pick(h, 'copy late by', 3)) * day_us() AS copy_late_us
    FROM sent
),
delayed AS (
    SELECT
        *,
        -- Nothing arrives after the end: what would is on time instead.
        event_us + late_us + minutes(60) < end_us() AS may_be_late,
        event_us + late_us + copy_late_us + minutes(60) < end_us() AS copy_may_be_late,
        -- On its way: milliseconds, or days from a device that was offline.
        CASE
            WHEN may_be_late AND chance(h, 'late') < 0.005 THEN late_us
            ELSE (5 + pick(h, 'latency', 800)) * 1000
        END AS travel_us,
        -- Received in time, but stuck before the warehouse.
        CASE WHEN may_be_late AND chance(h, 'late') BETWEEN 0.005 AND 0.01 THEN late_us ELSE 0 END AS stuck_us,
        CASE
            WHEN chance(h, 'future') < 0.001 THEN 365 * day_us()
            WHEN chance(h, 'future') < 0.002 THEN minutes(180)
            WHEN chance(h, 'future') < 0.004 THEN minutes(20)
            ELSE 0
        END AS future_us,
        CASE
            WHEN chance(h, 'missing time') < 0.0005 THEN 4
            WHEN chance(h, 'missing time') < 0.0010 THEN 3
            WHEN chance(h, 'missing time') < 0.0020 THEN 2
            WHEN chance(h, 'missing time') < 0.0050 THEN 1
            ELSE 0
        END AS missing_times
    FROM hashed
),
-- One in a hundred comes twice: in the same load (some without any difference), or days later.
copied AS (
    SELECT *, unnest(if(chance(h, 'twice') < 0.01, [0, 1], [0])) AS copy
    FROM delayed
),
received AS (
    SELECT
        *,
        event_us + travel_us + CASE
            WHEN copy = 0 OR chance(h, 'same copy') < 0.2 THEN 0
            ELSE (200 + pick(h, 'again', 3000)) * 1000
        END AS received_us,
        stuck_us + CASE
            WHEN copy = 1 AND copy_may_be_late AND chance(h, 'later load') < 0.5 THEN copy_late_us
            ELSE 0
        END AS wait_us
    FROM copied
),
loaded AS (
    SELECT
        *,
        -- The warehouse loads every quarter of an hour and takes some minutes; rows of one load
        -- share its time.
        (received_us + wait_us) // minutes(15) + 1 AS load_no,
        load_no * minutes(15) + minutes(3) + seconds(pick(hash(load_no), 'load', 200)) AS loaded_us
    FROM received
)
SELECT
    visit_no, k::SMALLINT AS k, kind::ENUM ('tracks', 'pages', 'identifies', 'aliases') AS kind,
    copy::TINYINT AS copy, h,
    CASE WHEN missing_times < 1 THEN make_timestamp(event_us + future_us) END AS "timestamp",
    CASE WHEN missing_times < 2 THEN make_timestamp(event_us + clock_us + future_us) END AS original_timestamp,
    CASE WHEN missing_times < 3 THEN make_timestamp(event_us + clock_us + travel_us + future_us) END AS sent_at,
    CASE WHEN missing_times < 4 THEN make_timestamp(received_us) END AS received_at,
    make_timestamp(loaded_us) AS uuid_ts,
    make_timestamp(loaded_us)::DATE AS load_day
FROM loaded
WHERE loaded_us < end_us()
ORDER BY load_day, kind;

-- Now exactly as many visits as it takes.
DELETE FROM messages
WHERE visit_no IN (
    WITH counted AS (
        SELECT visit_no, count(*) AS visit_messages
        FROM messages
        GROUP BY visit_no
    )
    SELECT visit_no
    FROM counted
    INNER JOIN visits USING (visit_no)
    QUALIFY sum(visit_messages) OVER (ORDER BY plan_order ROWS UNBOUNDED PRECEDING)
        - visit_messages / 2 > wanted_messages()
);
