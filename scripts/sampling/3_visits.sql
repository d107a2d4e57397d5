-- One row per visit: where, when, how long, by whom, and what brought it. A visit is our plan for a
-- stretch of activity; what is a session is for the pipeline to find out.

CREATE MACRO device_of(person_h, visit, device_count) AS
    CASE
        -- The first device is used most.
        WHEN visit = 1 OR device_count = 1 OR chance(hash(person_h, visit), 'device') < 0.35 THEN 0
        ELSE pick(hash(person_h, visit), 'which device', device_count)
    END;

-- Most return visits come soon after the first.
CREATE MACRO moment_of(person_h, visit, visit_count) AS
    pow((visit - 1 + if(visit = 1, 0, chance(hash(person_h, visit), 'moment'))) / visit_count, 1.3);

CREATE TABLE planned_visits AS
WITH numbered AS (
    SELECT * EXCLUDE (h), h AS person_h, unnest(range(1, visit_count + 1))::INTEGER AS visit
    FROM people
),
timed AS (
    SELECT
        *,
        hash(hash(person_h, visit, 'visit')) AS h,
        device_of(person_h, visit, device_count) AS device,
        device_of(person_h, signup_visit, device_count) AS signup_device,
        coalesce(visit = signup_visit, false) AS has_signup,
        coalesce(visit > signup_visit, false) AND chance(h, 'server') < 0.08 AS is_server,
        -- People with several devices sometimes switch to another in the middle of a visit: the
        -- next visit begins minutes after the last one did.
        visit > 1 AND device_count > 1 AND chance(h, 'changes over') < 0.06 AS is_following,
        born_us + ((end_us() - born_us)
            * moment_of(person_h, visit - is_following::INTEGER, visit_count))::BIGINT
            + if(is_following, (minutes(10) * chance(h, 'change'))::BIGINT, 0) AS raw_us
    FROM numbered
),
-- Nights (UTC) are quiet: squeeze the hours so that noon is three times as busy.
shaped AS (
    SELECT
        *,
        raw_us // day_us() * day_us() AS day_start_us,
        (raw_us % day_us()) / day_us() AS day_share
    FROM timed
),
sized AS (
    SELECT
        *,
        CASE
            WHEN is_server THEN 1
            -- Heavy tail: nearly half are one event, some are a hundred. Signing up takes a few steps.
            -- A small sample has no room for long visits.
            ELSE least(150, 2 + wanted_messages() // 50, floor(1.2 * pow(1 - chance(h, 'events'), -1 / 1.2)))
                + if(has_signup, 2, 0)
        END::INTEGER AS event_count,
        day_start_us + ((day_share + 0.08 * sin(2 * pi() * day_share)) * day_us())::BIGINT AS start_us
    FROM shaped
),
moved AS (
    SELECT
        * EXCLUDE (start_us),
        -- Too few would run over midnight by themselves: some start in the last two minutes of the
        -- day, many of them on the last day of a month. The last day has no next one.
        CASE
            WHEN event_count > 2 AND day_start_us + day_us() < end_us()
                AND chance(h, 'midnight') < if(
                    extract('day' FROM make_timestamp(day_start_us + day_us())) = 1, 0.2, 0.01)
                THEN day_start_us + day_us() - (chance(h, 'before midnight') * minutes(2))::BIGINT
            ELSE start_us
        END // 1000 * 1000 AS start_us
    FROM sized
),
-- From which visit on this device the person is known: the sign-up, or a log-in on another device.
known AS (
    SELECT
        *,
        min(CASE
            WHEN NOT is_server AND visit >= signup_visit
                AND (device = signup_device OR chance(h, 'logs in') < 0.85) THEN visit
        END) OVER (PARTITION BY person, device) AS known_visit,
        -- Logged out, so anonymous though the device is known. Frequent on shared devices.
        chance(h, 'logged out') < if(is_sharing, 0.4, 0.06) AS is_logged_out
    FROM moved
),
identified AS (
    SELECT
        *,
        -- Number of the event from which messages carry the user; null: none does.
        CASE
            WHEN is_server THEN 1
            WHEN visit = known_visit AND has_signup THEN least(event_count, 2 + pick(h, 'step', event_count))
            WHEN visit = known_visit THEN 1 + pick(h, 'step', event_count)
            WHEN has_signup THEN event_count
            WHEN visit > known_visit AND NOT is_logged_out THEN 1
        END AS user_from
    FROM known
),
counted AS (
    SELECT
        *,
        CASE
            WHEN is_server OR user_from IS NULL THEN NULL
            WHEN visit = known_visit OR has_signup THEN user_from
            -- Some sites identify again at the first page.
            WHEN chance(h, 'identify again') < 0.2 THEN 1
        END AS identify_at,
        has_signup AND (old_user_id IS NOT NULL OR chance(h, 'alias') < 0.3) AS has_alias
    FROM identified
)
SELECT
    *,
    sum(event_count + (identify_at IS NOT NULL)::INTEGER + has_alias::INTEGER)
        OVER (ORDER BY person, visit ROWS UNBOUNDED PRECEDING) AS messages_so_far
FROM counted;

-- Somewhat more than enough visits for the wanted number of messages (what would be loaded after the
-- end falls away), in time order, so that the look-ups of the last step touch neighbouring rows.
CREATE TABLE visits AS
WITH enough AS (
    SELECT *
    FROM planned_visits
    WHERE messages_so_far <= wanted_messages() * (1.01 + 0.08 / day_count()) + 20
),
drawn AS (
    SELECT
        v.*,
        pick(v.h, 'entry', (SELECT count(*) FROM entry_slots)) AS entry_slot,
        CASE WHEN v.event_count > 2 AND chance(v.h, 'second arrival') < 0.06
            THEN pick(v.h, 'return', (SELECT count(*) FROM return_slots)) END AS return_slot
    FROM enough AS v
)
SELECT
    (row_number() OVER (ORDER BY v.start_us, v.person, v.visit))::INTEGER AS visit_no,
    v.h, v.messages_so_far AS plan_order, v.start_us, v.event_count, v.is_server, v.has_signup, v.user_from,
    v.identify_at, v.has_alias, v.old_user_id,
    v.has_signup AND chance(v.h, 'server signup') < 0.08 AS is_server_signup,
    coalesce(v.visit = v.known_visit, false) AND NOT v.has_signup AS has_login,
    as_uuid(v.device_h, 'device ' || v.device) AS anonymous_id,
    CASE WHEN v.visit % 2 = 0 AND NOT v.has_signup THEN coalesce(v.old_user_id, v.user_id)
        ELSE v.user_id END AS user_id,
    hash(v.device_h, v.device) AS device_h,
    -- Average time between events: seconds to minutes.
    seconds(least(400, 3 - 45 * ln(1 - chance(v.h, 'pace')))) AS pace_us,
    -- Somebody goes for lunch in the middle of a visit: a session of its own, or just not.
    CASE WHEN chance(v.h, 'lunch') < 0.03 THEN minutes(10 + 30 * chance(v.h, 'lunch long'))
        ELSE 0 END AS lunch_us,
    -- The first two events exactly 20 minutes apart, or one microsecond more.
    CASE
        WHEN v.event_count < 2 OR chance(v.h, 'exact gap') > 0.014 THEN NULL
        ELSE minutes(20) + pick(v.h, 'over', 2)
    END AS exact_gap_us,
    -- The page with the evidence follows a moment after the first event (some after half a minute,
    -- some exactly half a minute).
    CASE
        WHEN v.event_count < 2 OR chance(v.h, 'late entry') > 0.08 THEN NULL
        WHEN chance(v.h, 'very late') < 0.1 THEN seconds(30) + pick(v.h, 'after', 2) * 1000
        WHEN chance(v.h, 'very late') < 0.2 THEN seconds(20 + pick(v.h, 'how late', 30))
        ELSE 300000 + pick(v.h, 'how late', 3000) * 1000
    END AS late_entry_us,
    e.arrival_no AS entry_no,
    r.arrival_no AS return_no
FROM drawn AS v
INNER JOIN entry_slots AS e ON v.entry_slot = e.slot
LEFT JOIN return_slots AS r ON v.return_slot = r.slot
ORDER BY visit_no;

DROP TABLE planned_visits;
DROP TABLE people;
