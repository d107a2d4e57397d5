-- One row per person: when first seen, how many visits, on how many devices, and the visit in which
-- they sign up. More people than needed: the next step stops at the wanted number of messages.
CREATE TABLE people AS
WITH numbered AS (
    SELECT
        i AS person, hash(hash(i, seed())) AS h,
        -- In every hundred people three share one device (a family, a library), or two of them do.
        i % 100 IN (10, 11) OR (i % 100 = 12 AND (i // 100) % 2 = 0) AS is_sharing
    FROM range(first_person(), first_person() + people_count()) AS t (i)
),
born AS (
    SELECT
        *,
        -- More early than late, or traffic would only grow: people come back up to the end.
        -- Sharers start very early, so that they take turns on the device instead of following one another.
        pow(chance(h, 'born'), 1.4) * if(is_sharing, 0.2, 1.0) AS born_share,
        end_us() - first_us() AS span_us
    FROM numbered
),
counted AS (
    SELECT
        *,
        -- Heavy tail: six in ten come once, one in 400 more than a hundred times. Nobody makes more
        -- than four visits a day.
        least(
            400,
            1 + floor((1 - born_share) * span_us / day_us() * 4),
            floor(pow(1 - chance(h, 'visits'), -1 / 1.3)) + if(is_sharing, 5, 0)
        )::INTEGER AS visit_count
    FROM born
)
SELECT
    person, h, is_sharing, visit_count,
    -- Fewer are seen: 15 in a hundred users on two, five on three or more.
    CASE
        WHEN is_sharing OR visit_count = 1 OR chance(h, 'devices') < 0.45 THEN 1
        WHEN chance(h, 'devices') < 0.80 THEN 2
        ELSE 3 + pick(h, 'more devices', 2)
    END AS device_count,
    first_us() + (born_share * span_us)::BIGINT AS born_us,
    -- The visit of the sign-up: for most the first one, for the others any.
    CASE
        WHEN NOT is_sharing AND chance(h, 'signs up') > if(visit_count = 1, 0.12, 0.42) THEN NULL
        WHEN chance(h, 'at once') < 0.25 THEN 1
        ELSE 1 + floor(chance(h, 'when') * visit_count)
    END::INTEGER AS signup_visit,
    'u' || (1000000 + person) AS user_id,
    -- A few people had an account before and use it every other visit.
    CASE WHEN chance(h, 'old account') < 0.02 THEN 'old-' || (500000 + person) END AS old_user_id,
    -- Sharers use the device of the first of them.
    CASE
        WHEN is_sharing THEN hash(hash(person - person % 100, 'shared', seed()))
        ELSE h
    END AS device_h
FROM counted;
