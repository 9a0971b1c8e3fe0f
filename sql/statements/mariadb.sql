-- Generated from the example configuration by `make sql`; do not edit. Yours: carddata-retention plan --sql
--
-- Every statement that a night sends to the example's tables on MariaDB, in the order of the night, except questions
-- to the catalogue. Only the layout differs from what is sent. `:word` is a bound parameter:
--   :due  :overdue       the cutoffs of the night: an end before them (where <= stands, on them) is due, is overdue
--   :over                the end of the as-of date: a later end lies ahead, so the service is still open
--   :due_within_n_days   the cutoffs of the nights to come, for the forecast
--   :earliest  :never    the configuration's `earliest` and `open_sentinels`
--   :far_ahead           ten years after the as-of date
--   :carddata_key_0  :carddata_subject_0  :carddata_parent_0   all keys, subjects and parents of a batch at once
-- The numbers in CASE are the standings of carddata_retention/status.py; the greatest among a subject's services wins.

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: may we read them

SELECT `services`.`customer_id`, `services`.`use_ended_at`, `services`.`started_at`, `services`.`status`
FROM `services`
WHERE 1 = 0 AND ((kind <> 'draft') IS NOT FALSE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: is where one condition

SELECT carddata_alone.carddata_one
FROM (SELECT 1 AS carddata_one FROM `services` WHERE kind <> 'draft' = 1) AS carddata_alone
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: the gate's counts

SELECT coalesce(sum(CASE WHEN true THEN 1 ELSE 0 END), 0) AS `rows`,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS dated_ends,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND `services`.`use_ended_at` < `services`.`started_at`
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS end_before_start,
  coalesce(
    sum(
      CASE
        WHEN (
          CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
            AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
            AND `services`.`use_ended_at` IS NULL
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS terminated_without_end,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND `services`.`use_ended_at` >= :far_ahead
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS end_far_ahead,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND `services`.`use_ended_at` < :over
            AND NOT (
              CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS end_on_open_service,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS unreadable_end,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND `services`.`use_ended_at` < :earliest
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS implausible_end,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND time_to_sec(time(`services`.`use_ended_at`)) IN (54000)
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS midnight_policy_zone,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND time_to_sec(time(`services`.`use_ended_at`)) IN (0)
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS midnight_column_zone,
  coalesce(
    sum(
      CASE
        WHEN (
          `services`.`use_ended_at` IS NOT NULL
            AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
            AND NOT (
              `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
                OR `services`.`use_ended_at` >= :never
                AND `services`.`use_ended_at` < :after_never
            )
            AND time_to_sec(time(`services`.`use_ended_at`)) IN (0)
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS midnight_utc
FROM `services`
WHERE ((kind <> 'draft') IS NOT FALSE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we read it

SELECT `cards`.`id`, `cards`.`customer_id`, `cards`.`cardholder_name`, `cards`.`card_token`, `cards`.`exp_month`,
  `cards`.`exp_year`
FROM `cards`
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock it

SELECT `cards`.`id`
FROM `cards`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we remove from it

DELETE FROM `cards`
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock card_usage

SELECT `card_usage`.`card_id`
FROM `card_usage`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we let go of card_usage

DELETE FROM `card_usage`
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock customers

SELECT `customers`.`id`
FROM `customers`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock services

SELECT `services`.`customer_id`
FROM `services`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: count by status

SELECT carddata_judged.scope, carddata_judged.status, carddata_judged.standing, count(*) AS number,
  min(carddata_judged.undated) AS first, max(carddata_judged.undated) AS last
FROM (
  SELECT CASE WHEN true THEN 'in' WHEN false = 1 THEN 'out' ELSE 'other' END AS scope,
    CASE
      WHEN false THEN 'blank'
      WHEN (
        (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
          )
        )
          AND (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'record'
                  AND carddata_hold.target = 'cards'
                  AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
              )
            )
              OR (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND carddata_hold.scope = 'target'
                    AND carddata_hold.target = 'cards'
                )
              )
              OR (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND carddata_hold.scope = 'subject'
                    AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                )
              )
          )
      ) THEN 'held'
      WHEN (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
          )
        )
          AND (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'record'
                  AND carddata_request.target = 'cards'
                  AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
              )
            )
              OR (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND carddata_request.scope = 'target'
                    AND carddata_request.target = 'cards'
                )
              )
              OR (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND carddata_request.scope = 'subject'
                    AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CASE
      WHEN (`cards`.`customer_id` IS NULL) THEN 90
      ELSE coalesce(carddata_end_1.carddata_standing, 80)
    END AS standing,
    CASE
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN CAST(`cards`.`id` AS CHAR)
    END AS undated
  FROM `cards`
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          `services`.`use_ended_at` >= :never
            OR `services`.`use_ended_at` >= :never
            OR `services`.`use_ended_at` >= :never
            AND `services`.`use_ended_at` < :after_never
            OR `services`.`use_ended_at` >= :never
            AND `services`.`use_ended_at` < :after_never
            OR NOT (
              CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
            )
        ) THEN 100
        WHEN (`services`.`use_ended_at` IS NULL) THEN 70
        WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
        WHEN (`services`.`use_ended_at` >= :over) THEN 100
        WHEN (`services`.`use_ended_at` < :earliest) THEN 50
        WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
        WHEN (`services`.`use_ended_at` < :overdue) THEN 10
        WHEN (`services`.`use_ended_at` < :due) THEN 20
        WHEN (`services`.`use_ended_at` < :due_within_1_days) THEN 21
        WHEN (`services`.`use_ended_at` < :due_within_7_days) THEN 22
        WHEN (`services`.`use_ended_at` < :due_within_30_days) THEN 23
        WHEN (`services`.`use_ended_at` < :due_within_60_days) THEN 24
        WHEN (`services`.`use_ended_at` < :due_within_90_days) THEN 25
        WHEN (`services`.`use_ended_at` < :due_within_120_days) THEN 26
        WHEN (`services`.`use_ended_at` < :due_within_150_days) THEN 27
        WHEN (`services`.`use_ended_at` < :due_within_180_days) THEN 28
        WHEN (`services`.`use_ended_at` < :due_within_210_days) THEN 29
        WHEN (`services`.`use_ended_at` < :due_within_240_days) THEN 30
        WHEN (`services`.`use_ended_at` < :due_within_270_days) THEN 31
        WHEN (`services`.`use_ended_at` < :due_within_300_days) THEN 32
        WHEN (`services`.`use_ended_at` < :due_within_330_days) THEN 33
        WHEN (`services`.`use_ended_at` < :due_within_365_days) THEN 34
        ELSE 39
      END
    ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
      `services`.`customer_id` AS carddata_subject
    FROM `services`
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY `services`.`customer_id`
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = `cards`.`customer_id`
) AS carddata_judged
GROUP BY carddata_judged.scope, carddata_judged.status, carddata_judged.standing;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: draw the auditor's sample

SELECT carddata_draw.stratum, carddata_draw.record_key, carddata_draw.standing, carddata_draw.service_end
FROM (
  SELECT carddata_strata.stratum AS stratum, carddata_strata.record_key AS record_key,
    carddata_strata.standing AS standing, carddata_strata.service_end AS service_end,
    row_number() OVER (
      PARTITION BY carddata_strata.stratum
      ORDER BY CASE WHEN (carddata_strata.stratum = 'near') THEN carddata_strata.standing ELSE 0 END,
      carddata_strata.drawn
    ) AS place
  FROM (
    SELECT CASE
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'held'
      ) THEN 'held'
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN (`cards`.`customer_id` IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END IN (21, 22, 23)
      ) THEN 'near'
    END AS stratum, CAST(`cards`.`id` AS CHAR) AS record_key,
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END AS standing,
      CAST(
        CASE
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END <= 39
          ) THEN carddata_end_1.carddata_end
        END AS CHAR
      ) AS service_end, sha2(concat(:carddata_seed, CAST(`cards`.`id` AS CHAR)), 256) AS drawn
    FROM `cards`
    LEFT OUTER JOIN (
      SELECT max(
        CASE
          WHEN (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          ) THEN 100
          WHEN (`services`.`use_ended_at` IS NULL) THEN 70
          WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
          WHEN (`services`.`use_ended_at` >= :over) THEN 100
          WHEN (`services`.`use_ended_at` < :earliest) THEN 50
          WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
          WHEN (`services`.`use_ended_at` < :overdue) THEN 10
          WHEN (`services`.`use_ended_at` < :due) THEN 20
          WHEN (`services`.`use_ended_at` < :due_within_1_days) THEN 21
          WHEN (`services`.`use_ended_at` < :due_within_7_days) THEN 22
          WHEN (`services`.`use_ended_at` < :due_within_30_days) THEN 23
          WHEN (`services`.`use_ended_at` < :due_within_60_days) THEN 24
          WHEN (`services`.`use_ended_at` < :due_within_90_days) THEN 25
          WHEN (`services`.`use_ended_at` < :due_within_120_days) THEN 26
          WHEN (`services`.`use_ended_at` < :due_within_150_days) THEN 27
          WHEN (`services`.`use_ended_at` < :due_within_180_days) THEN 28
          WHEN (`services`.`use_ended_at` < :due_within_210_days) THEN 29
          WHEN (`services`.`use_ended_at` < :due_within_240_days) THEN 30
          WHEN (`services`.`use_ended_at` < :due_within_270_days) THEN 31
          WHEN (`services`.`use_ended_at` < :due_within_300_days) THEN 32
          WHEN (`services`.`use_ended_at` < :due_within_330_days) THEN 33
          WHEN (`services`.`use_ended_at` < :due_within_365_days) THEN 34
          ELSE 39
        END
      ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
        `services`.`customer_id` AS carddata_subject
      FROM `services`
      WHERE ((kind <> 'draft') IS NOT FALSE) = 1
      GROUP BY `services`.`customer_id`
    ) AS carddata_end_1 ON carddata_end_1.carddata_subject = `cards`.`customer_id`
    WHERE CASE
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'held'
      ) THEN 'held'
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN false THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'cards'
                      AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'cards'
                      AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'cards'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`cards`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN (`cards`.`customer_id` IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END IN (21, 22, 23)
      ) THEN 'near'
    END IS NOT NULL
  ) AS carddata_strata
) AS carddata_draw
WHERE carddata_draw.place <= 25
ORDER BY carddata_draw.stratum, carddata_draw.place;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: the candidates that are frozen

SELECT row_number() OVER (ORDER BY `cards`.`customer_id`, `cards`.`id`) AS seq,
  CAST(`cards`.`id` AS CHAR) AS record_key,
  CASE
    WHEN false THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'cards'
                AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'cards'
                AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE WHEN (`cards`.`customer_id` IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) AS service_end
FROM `cards`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `cards`.`customer_id`
WHERE NOT (
  (
    EXISTS (
      SELECT 1 AS anon_1
      FROM carddata_hold
      WHERE carddata_hold.released_at IS NULL
        AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
    )
  )
    AND (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'record'
            AND carddata_hold.target = 'cards'
            AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
        )
      )
        OR (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'target'
              AND carddata_hold.target = 'cards'
          )
        )
        OR (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
          )
        )
    )
)
  AND (
    CASE WHEN (`cards`.`customer_id` IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END <= 20
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
        )
      )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND carddata_request.scope = 'record'
              AND carddata_request.target = 'cards'
              AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'target'
                AND carddata_request.target = 'cards'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'subject'
                AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
            )
          )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- cards: the gate's counts

SELECT coalesce(sum(CASE WHEN true = 1 THEN 1 ELSE 0 END), 0) AS `rows`,
  coalesce(
    sum(
      CASE
        WHEN (
          `cards`.`card_token` IS NOT NULL
            AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS tokens,
  coalesce(
    sum(
      CASE
        WHEN (
          substr(
            CASE
              WHEN (
                `cards`.`card_token` IS NOT NULL
                  AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
              ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
              ELSE ''
            END, 1, 1
          ) IN ('2', '3', '4', '5', '6')
            AND char_length(
              replace(
                replace(
                  CASE
                    WHEN (
                      `cards`.`card_token` IS NOT NULL
                        AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              )
            ) BETWEEN 13 AND 19
            AND replace(
              replace(
                replace(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            replace(
                              replace(
                                replace(
                                  replace(
                                    CASE
                                      WHEN (
                                        `cards`.`card_token` IS NOT NULL
                                          AND CAST(
                                            CAST(`cards`.`card_token` AS CHAR) AS BINARY
                                          ) != CAST(CAST('' AS CHAR) AS BINARY)
                                          AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                                      ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                                      ELSE ''
                                    END, ' ', ''
                                  ),
                                  '-', ''
                                ),
                                '0', ''
                              ),
                              '1', ''
                            ),
                            '2', ''
                          ),
                          '3', ''
                        ),
                        '4', ''
                      ),
                      '5', ''
                    ),
                    '6', ''
                  ),
                  '7', ''
                ),
                '8', ''
              ),
              '9', ''
            ) = ''
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS token_card_shaped,
  coalesce(
    sum(
      CASE
        WHEN (
          `cards`.`card_token` IS NOT NULL
            AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
            AND (
              char_length(
                CASE
                  WHEN (
                    `cards`.`card_token` IS NOT NULL
                      AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                      AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                  ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                  ELSE ''
                END
              ) < 4
                OR char_length(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            CASE
                              WHEN (
                                `cards`.`card_token` IS NOT NULL
                                  AND CAST(
                                    CAST(`cards`.`card_token` AS CHAR) AS BINARY
                                  ) != CAST(CAST('' AS CHAR) AS BINARY)
                                  AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                              ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                              ELSE ''
                            END, ' ', ''
                          ),
                          '@', ''
                        ),
                        '\t', ''
                      ),
                      '\n', ''
                    ),
                    '\r', ''
                  )
                ) < char_length(
                  CASE
                    WHEN (
                      `cards`.`card_token` IS NOT NULL
                        AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                    ELSE ''
                  END
                )
                OR char_length(
                  CASE
                    WHEN (
                      `cards`.`card_token` IS NOT NULL
                        AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                    ELSE ''
                  END
                ) != octet_length(
                  CASE
                    WHEN (
                      `cards`.`card_token` IS NOT NULL
                        AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                    ELSE ''
                  END
                )
            )
            AND NOT (
              substr(
                CASE
                  WHEN (
                    `cards`.`card_token` IS NOT NULL
                      AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                      AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                  ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                  ELSE ''
                END, 1, 1
              ) IN ('2', '3', '4', '5', '6')
                AND char_length(
                  replace(
                    replace(
                      CASE
                        WHEN (
                          `cards`.`card_token` IS NOT NULL
                            AND CAST(
                              CAST(`cards`.`card_token` AS CHAR) AS BINARY
                            ) != CAST(CAST('' AS CHAR) AS BINARY)
                            AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                        ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  )
                ) BETWEEN 13 AND 19
                AND replace(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            replace(
                              replace(
                                replace(
                                  replace(
                                    replace(
                                      replace(
                                        CASE
                                          WHEN (
                                            `cards`.`card_token` IS NOT NULL
                                              AND CAST(
                                                CAST(`cards`.`card_token` AS CHAR) AS BINARY
                                              ) != CAST(CAST('' AS CHAR) AS BINARY)
                                              AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
                                          ) THEN trim(CAST(`cards`.`card_token` AS CHAR))
                                          ELSE ''
                                        END, ' ', ''
                                      ),
                                      '-', ''
                                    ),
                                    '0', ''
                                  ),
                                  '1', ''
                                ),
                                '2', ''
                              ),
                              '3', ''
                            ),
                            '4', ''
                          ),
                          '5', ''
                        ),
                        '6', ''
                      ),
                      '7', ''
                    ),
                    '8', ''
                  ),
                  '9', ''
                ) = ''
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS token_malformed,
  coalesce(
    sum(
      CASE
        WHEN (
          `cards`.`card_token` IS NOT NULL
            AND CAST(CAST(`cards`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND trim(CAST(`cards`.`card_token` AS CHAR)) != ''
            AND NOT (
              `cards`.`cardholder_name` IS NOT NULL
                AND CAST(CAST(`cards`.`cardholder_name` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND trim(CAST(`cards`.`cardholder_name` AS CHAR)) != ''
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS holder_missing,
  coalesce(
    sum(CASE WHEN (`cards`.`exp_month` IS NOT NULL OR `cards`.`exp_year` IS NOT NULL) THEN 1 ELSE 0 END), 0
  ) AS expiries,
  coalesce(
    sum(
      CASE
        WHEN (
          (`cards`.`exp_month` IS NOT NULL OR `cards`.`exp_year` IS NOT NULL)
            AND (
              `cards`.`exp_month` IS NULL
                OR `cards`.`exp_year` IS NULL
                OR (
                  CASE
                    WHEN (
                      char_length(trim(CAST(`cards`.`exp_month` AS CHAR))) = 4
                    ) THEN trim(CAST(`cards`.`exp_year` AS CHAR))
                    ELSE trim(CAST(`cards`.`exp_month` AS CHAR))
                  END NOT IN (
                    '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12', '1', '2', '3', '4', '5',
                    '6', '7', '8', '9'
                  )
                )
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS expiry_impossible, coalesce(sum(CASE WHEN false = 1 THEN 1 ELSE 0 END), 0) AS out_of_scope_card_data
FROM `cards`;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: whose records are they

SELECT DISTINCT `cards`.`customer_id`
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: lock customers, without waiting

SELECT count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: were all rows of customers locked

SELECT count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: if not, which of customers are

SELECT `customers`.`id`
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
ORDER BY `customers`.`id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: and which of customers there are

SELECT `customers`.`id`, count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
GROUP BY `customers`.`id`;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: lock services, without waiting

SELECT count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: were all rows of services locked

SELECT count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: if not, which of services are

SELECT `services`.`customer_id`
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
ORDER BY `services`.`customer_id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: and which of services there are

SELECT `services`.`customer_id`, count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
GROUP BY `services`.`customer_id`;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: lock the records

SELECT count(*) AS count_1
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: if not all could be locked, which

SELECT `cards`.`id`
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0)
ORDER BY `cards`.`id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: decide the locked records again, and write their tombstones

INSERT INTO carddata_tombstone(run_id, target, seq, record_key, status, service_end, batch_no)
SELECT :run_id AS run_id, 'cards' AS target, carddata_candidate.carddata_seq,
  carddata_candidate.carddata_record_key, carddata_candidate.carddata_status,
  carddata_candidate.carddata_service_end, :batch_no AS batch_no
FROM `cards`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` IN (:carddata_subject_0)
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `cards`.`customer_id` INNER
JOIN (
  SELECT carddata_work.seq AS carddata_seq, carddata_work.record_key AS carddata_record_key,
    carddata_work.status AS carddata_status, carddata_work.service_end AS carddata_service_end
  FROM carddata_work FORCE INDEX (carddata_work_key)
  WHERE carddata_work.run_id = :run_id
    AND carddata_work.target = 'cards'
    AND carddata_work.status IN ('requested', 'overdue', 'due')
) AS carddata_candidate ON `cards`.`id` IN (:carddata_key_0)
  AND carddata_candidate.carddata_record_key = CAST(`cards`.`id` AS CHAR)
WHERE carddata_candidate.carddata_record_key = CAST(`cards`.`id` AS CHAR)
  AND CASE
    WHEN (`cards`.`customer_id` IS NULL) THEN true
    ELSE `cards`.`customer_id` IN (:carddata_subject_0)
  END = 1
  AND CASE
    WHEN false THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'cards'
                AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'cards'
                AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE WHEN (`cards`.`customer_id` IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END = carddata_candidate.carddata_status
  AND CAST(
    CASE
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) <=> carddata_candidate.carddata_service_end;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: what is left, is it there, and whose

SELECT CAST(`cards`.`id` AS CHAR) AS `id`, `cards`.`customer_id`
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: why was it left

SELECT CAST(`cards`.`id` AS CHAR) AS carddata_key, true AS carddata_in_scope,
  CASE
    WHEN false THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'cards'
                AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'cards'
                AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'cards'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`cards`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE WHEN (`cards`.`customer_id` IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS carddata_status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN (`cards`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) AS carddata_end
FROM `cards`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` IN (:carddata_subject_0)
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `cards`.`customer_id`
WHERE `cards`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: the parents of card_usage

SELECT DISTINCT `cards`.`id`
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: lock card_usage

SELECT 1 AS anon_1
FROM `card_usage`
WHERE `card_usage`.`card_id` IN (:carddata_parent_0)
FOR UPDATE NOWAIT;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: let go of card_usage

DELETE FROM `card_usage`
WHERE `card_usage`.`card_id` IN (:carddata_parent_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: what is left of card_usage

SELECT count(*) AS count_1
FROM `card_usage`
WHERE `card_usage`.`card_id` IN (:carddata_parent_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: remove, deciding once more

DELETE FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0)
  AND CASE
    WHEN (`cards`.`customer_id` IS NULL) THEN true
    ELSE `cards`.`customer_id` IN (:carddata_subject_0)
  END = 1
  AND NOT (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'record'
          AND carddata_hold.target = 'cards'
          AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
      )
    )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'target'
            AND carddata_hold.target = 'cards'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'subject'
            AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
        )
      )
  )
  AND (
    CASE
      WHEN (`cards`.`customer_id` IS NULL) THEN 90
      ELSE coalesce(
        (
          SELECT max(
            CASE
              WHEN (
                `services`.`use_ended_at` >= :never
                  OR `services`.`use_ended_at` >= :never
                  OR `services`.`use_ended_at` >= :never
                  AND `services`.`use_ended_at` < :after_never
                  OR `services`.`use_ended_at` >= :never
                  AND `services`.`use_ended_at` < :after_never
                  OR NOT (
                    CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                      AND CAST(
                        CAST(`services`.`status` AS CHAR) AS BINARY
                      ) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
                  )
              ) THEN 100
              WHEN (`services`.`use_ended_at` IS NULL) THEN 70
              WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
              WHEN (`services`.`use_ended_at` >= :over) THEN 100
              WHEN (`services`.`use_ended_at` < :earliest) THEN 50
              WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
              WHEN (`services`.`use_ended_at` < :overdue) THEN 10
              WHEN (`services`.`use_ended_at` < :due) THEN 20
              ELSE 39
            END
          ) AS carddata_standing
          FROM `services`
          WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` = `cards`.`customer_id`
        ),
        80
      )
    END <= 20
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'record'
            AND carddata_request.target = 'cards'
            AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'target'
            AND carddata_request.target = 'cards'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'subject'
            AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
        )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: read back, must be 0

SELECT count(*) AS count_1
FROM `cards`
WHERE `cards`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: how many are in scope

SELECT count(*) AS count_1
FROM `cards`
WHERE true = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: the independent look

SELECT CAST(`cards`.`id` AS CHAR) AS record_key
FROM `cards`
LEFT OUTER JOIN (
  SELECT DISTINCT `services`.`customer_id` AS carddata_of
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
          AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          AND `services`.`use_ended_at` IS NOT NULL
          AND NOT (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          )
          AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
          AND `services`.`use_ended_at` >= :earliest
          AND `services`.`use_ended_at` < :due
          AND coalesce(`services`.`use_ended_at` < `services`.`started_at`, false) = 0
      ) THEN 1
      ELSE 0
    END = 1
    AND `services`.`customer_id` IS NOT NULL
) AS carddata_good_1 ON carddata_good_1.carddata_of = `cards`.`customer_id`
LEFT OUTER JOIN (
  SELECT DISTINCT `services`.`customer_id` AS carddata_of
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
          AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          AND `services`.`use_ended_at` IS NOT NULL
          AND NOT (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          )
          AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
          AND `services`.`use_ended_at` >= :earliest
          AND `services`.`use_ended_at` < :due
          AND coalesce(`services`.`use_ended_at` < `services`.`started_at`, false) = 0
      ) THEN 1
      ELSE 0
    END != 1
    AND `services`.`customer_id` IS NOT NULL
) AS carddata_bad_1 ON carddata_bad_1.carddata_of = `cards`.`customer_id`
WHERE NOT (
  (
    EXISTS (
      SELECT 1 AS anon_1
      FROM carddata_hold
      WHERE carddata_hold.released_at IS NULL
        AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
    )
  )
    AND (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'record'
            AND carddata_hold.target = 'cards'
            AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
        )
      )
        OR (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'target'
              AND carddata_hold.target = 'cards'
          )
        )
        OR (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
          )
        )
    )
)
  AND (
    (
      EXISTS (
        SELECT 1 AS anon_2
        FROM carddata_request
        WHERE carddata_request.kind = 'erase'
          AND carddata_request.granted_at IS NOT NULL
          AND carddata_request.closed_at IS NULL
          AND (carddata_request.scope = 'subject' OR carddata_request.target = 'cards')
      )
    )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND carddata_request.scope = 'record'
              AND carddata_request.target = 'cards'
              AND carddata_request.item = CAST(`cards`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'target'
                AND carddata_request.target = 'cards'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'subject'
                AND carddata_request.item = CAST(`cards`.`customer_id` AS CHAR)
            )
          )
      )
      OR `cards`.`customer_id` IS NOT NULL
      AND (
        `cards`.`customer_id` IS NULL
          OR carddata_good_1.carddata_of IS NOT NULL
          AND carddata_bad_1.carddata_of IS NULL
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- cards: are the held ones still there

SELECT count(*) AS count_1
FROM `cards`
WHERE (
  EXISTS (
    SELECT 1 AS anon_1
    FROM carddata_hold
    WHERE carddata_hold.released_at IS NULL AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'cards')
  )
)
  AND (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'record'
          AND carddata_hold.target = 'cards'
          AND carddata_hold.item = CAST(`cards`.`id` AS CHAR)
      )
    )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'target'
            AND carddata_hold.target = 'cards'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'subject'
            AND carddata_hold.item = CAST(`cards`.`customer_id` AS CHAR)
        )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we read it

SELECT `payments`.`id`, `payments`.`customer_id`, `payments`.`card_holder`, `payments`.`card_token`,
  `payments`.`card_exp`, `payments`.`last4`, `payments`.`brand`
FROM `payments`
WHERE 1 = 0 AND ((method = 'card') IS TRUE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: is where one condition

SELECT carddata_alone.carddata_one
FROM (SELECT 1 AS carddata_one FROM `payments` WHERE method = 'card' = 1) AS carddata_alone
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we lock it

SELECT `payments`.`id`
FROM `payments`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we empty its fields

UPDATE `payments`
SET `card_holder`=NULL, `card_token`='***', `card_exp`=NULL, `last4`=NULL, `brand`=NULL
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we lock customers

SELECT `customers`.`id`
FROM `customers`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we lock services

SELECT `services`.`customer_id`
FROM `services`
WHERE 1 = 0
FOR UPDATE;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: count by status

SELECT carddata_judged.scope, carddata_judged.status, carddata_judged.standing, count(*) AS number,
  min(carddata_judged.undated) AS first, max(carddata_judged.undated) AS last
FROM (
  SELECT CASE
    WHEN ((method = 'card') IS TRUE) THEN 'in'
    WHEN (
      ((method = 'card') IS TRUE) = 0
        AND (
          `payments`.`card_holder` IS NOT NULL
            AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            OR `payments`.`card_token` IS NOT NULL
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
            OR `payments`.`card_exp` IS NOT NULL
            AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        )
    ) THEN 'out'
    ELSE 'other'
  END AS scope,
    CASE
      WHEN (
        NOT (
          `payments`.`card_holder` IS NOT NULL
            AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            OR `payments`.`card_token` IS NOT NULL
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
            OR `payments`.`card_exp` IS NOT NULL
            AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            OR `payments`.`last4` IS NOT NULL
            AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            OR `payments`.`brand` IS NOT NULL
            AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        )
      ) THEN 'blank'
      WHEN (
        (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
          )
        )
          AND (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'record'
                  AND carddata_hold.target = 'payments'
                  AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
              )
            )
              OR (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND carddata_hold.scope = 'target'
                    AND carddata_hold.target = 'payments'
                )
              )
              OR (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND carddata_hold.scope = 'subject'
                    AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                )
              )
          )
      ) THEN 'held'
      WHEN (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
          )
        )
          AND (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'record'
                  AND carddata_request.target = 'payments'
                  AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
              )
            )
              OR (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND carddata_request.scope = 'target'
                    AND carddata_request.target = 'payments'
                )
              )
              OR (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND carddata_request.scope = 'subject'
                    AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CASE
      WHEN (`payments`.`customer_id` IS NULL) THEN 90
      ELSE coalesce(carddata_end_1.carddata_standing, 80)
    END AS standing,
    CASE
      WHEN (
        CASE
          WHEN (
            NOT (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`card_token` IS NOT NULL
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                OR `payments`.`card_exp` IS NOT NULL
                AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`last4` IS NOT NULL
                AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`brand` IS NOT NULL
                AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            )
          ) THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'payments'
                      AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'payments'
                      AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN CAST(`payments`.`id` AS CHAR)
    END AS undated
  FROM `payments`
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          `services`.`use_ended_at` >= :never
            OR `services`.`use_ended_at` >= :never
            OR `services`.`use_ended_at` >= :never
            AND `services`.`use_ended_at` < :after_never
            OR `services`.`use_ended_at` >= :never
            AND `services`.`use_ended_at` < :after_never
            OR NOT (
              CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
            )
        ) THEN 100
        WHEN (`services`.`use_ended_at` IS NULL) THEN 70
        WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
        WHEN (`services`.`use_ended_at` >= :over) THEN 100
        WHEN (`services`.`use_ended_at` < :earliest) THEN 50
        WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
        WHEN (`services`.`use_ended_at` < :overdue) THEN 10
        WHEN (`services`.`use_ended_at` < :due) THEN 20
        WHEN (`services`.`use_ended_at` < :due_within_1_days) THEN 21
        WHEN (`services`.`use_ended_at` < :due_within_7_days) THEN 22
        WHEN (`services`.`use_ended_at` < :due_within_30_days) THEN 23
        WHEN (`services`.`use_ended_at` < :due_within_60_days) THEN 24
        WHEN (`services`.`use_ended_at` < :due_within_90_days) THEN 25
        WHEN (`services`.`use_ended_at` < :due_within_120_days) THEN 26
        WHEN (`services`.`use_ended_at` < :due_within_150_days) THEN 27
        WHEN (`services`.`use_ended_at` < :due_within_180_days) THEN 28
        WHEN (`services`.`use_ended_at` < :due_within_210_days) THEN 29
        WHEN (`services`.`use_ended_at` < :due_within_240_days) THEN 30
        WHEN (`services`.`use_ended_at` < :due_within_270_days) THEN 31
        WHEN (`services`.`use_ended_at` < :due_within_300_days) THEN 32
        WHEN (`services`.`use_ended_at` < :due_within_330_days) THEN 33
        WHEN (`services`.`use_ended_at` < :due_within_365_days) THEN 34
        ELSE 39
      END
    ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
      `services`.`customer_id` AS carddata_subject
    FROM `services`
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY `services`.`customer_id`
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = `payments`.`customer_id`
) AS carddata_judged
GROUP BY carddata_judged.scope, carddata_judged.status, carddata_judged.standing;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: draw the auditor's sample

SELECT carddata_draw.stratum, carddata_draw.record_key, carddata_draw.standing, carddata_draw.service_end
FROM (
  SELECT carddata_strata.stratum AS stratum, carddata_strata.record_key AS record_key,
    carddata_strata.standing AS standing, carddata_strata.service_end AS service_end,
    row_number() OVER (
      PARTITION BY carddata_strata.stratum
      ORDER BY CASE WHEN (carddata_strata.stratum = 'near') THEN carddata_strata.standing ELSE 0 END,
      carddata_strata.drawn
    ) AS place
  FROM (
    SELECT CASE
      WHEN (
        CASE
          WHEN (
            NOT (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`card_token` IS NOT NULL
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                OR `payments`.`card_exp` IS NOT NULL
                AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`last4` IS NOT NULL
                AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`brand` IS NOT NULL
                AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            )
          ) THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'payments'
                      AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'payments'
                      AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'held'
      ) THEN 'held'
      WHEN (
        CASE
          WHEN (
            NOT (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`card_token` IS NOT NULL
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                OR `payments`.`card_exp` IS NOT NULL
                AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`last4` IS NOT NULL
                AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`brand` IS NOT NULL
                AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            )
          ) THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'payments'
                      AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'payments'
                      AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN (
            NOT (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`card_token` IS NOT NULL
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                OR `payments`.`card_exp` IS NOT NULL
                AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`last4` IS NOT NULL
                AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`brand` IS NOT NULL
                AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            )
          ) THEN 'blank'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_1
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'record'
                      AND carddata_hold.target = 'payments'
                      AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'target'
                        AND carddata_hold.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'held'
          WHEN (
            (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
              )
            )
              AND (
                (
                  EXISTS (
                    SELECT 1 AS anon_2
                    FROM carddata_request
                    WHERE carddata_request.kind = 'erase'
                      AND carddata_request.granted_at IS NOT NULL
                      AND carddata_request.closed_at IS NULL
                      AND carddata_request.scope = 'record'
                      AND carddata_request.target = 'payments'
                      AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                  )
                )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'target'
                        AND carddata_request.target = 'payments'
                    )
                  )
                  OR (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'subject'
                        AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN (`payments`.`customer_id` IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END IN (21, 22, 23)
      ) THEN 'near'
    END AS stratum, CAST(`payments`.`id` AS CHAR) AS record_key,
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END AS standing,
      CAST(
        CASE
          WHEN (
            CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END <= 39
          ) THEN carddata_end_1.carddata_end
        END AS CHAR
      ) AS service_end, sha2(concat(:carddata_seed, CAST(`payments`.`id` AS CHAR)), 256) AS drawn
    FROM `payments`
    LEFT OUTER JOIN (
      SELECT max(
        CASE
          WHEN (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          ) THEN 100
          WHEN (`services`.`use_ended_at` IS NULL) THEN 70
          WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
          WHEN (`services`.`use_ended_at` >= :over) THEN 100
          WHEN (`services`.`use_ended_at` < :earliest) THEN 50
          WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
          WHEN (`services`.`use_ended_at` < :overdue) THEN 10
          WHEN (`services`.`use_ended_at` < :due) THEN 20
          WHEN (`services`.`use_ended_at` < :due_within_1_days) THEN 21
          WHEN (`services`.`use_ended_at` < :due_within_7_days) THEN 22
          WHEN (`services`.`use_ended_at` < :due_within_30_days) THEN 23
          WHEN (`services`.`use_ended_at` < :due_within_60_days) THEN 24
          WHEN (`services`.`use_ended_at` < :due_within_90_days) THEN 25
          WHEN (`services`.`use_ended_at` < :due_within_120_days) THEN 26
          WHEN (`services`.`use_ended_at` < :due_within_150_days) THEN 27
          WHEN (`services`.`use_ended_at` < :due_within_180_days) THEN 28
          WHEN (`services`.`use_ended_at` < :due_within_210_days) THEN 29
          WHEN (`services`.`use_ended_at` < :due_within_240_days) THEN 30
          WHEN (`services`.`use_ended_at` < :due_within_270_days) THEN 31
          WHEN (`services`.`use_ended_at` < :due_within_300_days) THEN 32
          WHEN (`services`.`use_ended_at` < :due_within_330_days) THEN 33
          WHEN (`services`.`use_ended_at` < :due_within_365_days) THEN 34
          ELSE 39
        END
      ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
        `services`.`customer_id` AS carddata_subject
      FROM `services`
      WHERE ((kind <> 'draft') IS NOT FALSE) = 1
      GROUP BY `services`.`customer_id`
    ) AS carddata_end_1 ON carddata_end_1.carddata_subject = `payments`.`customer_id`
    WHERE ((method = 'card') IS TRUE) = 1
      AND CASE
        WHEN (
          CASE
            WHEN (
              NOT (
                `payments`.`card_holder` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`card_token` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                  OR `payments`.`card_exp` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`last4` IS NOT NULL
                  AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`brand` IS NOT NULL
                  AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
              )
            ) THEN 'blank'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'record'
                        AND carddata_hold.target = 'payments'
                        AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'target'
                          AND carddata_hold.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'subject'
                          AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'held'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'record'
                        AND carddata_request.target = 'payments'
                        AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'target'
                          AND carddata_request.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'subject'
                          AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 20
            ) THEN 'due'
            ELSE 'overdue'
          END = 'held'
        ) THEN 'held'
        WHEN (
          CASE
            WHEN (
              NOT (
                `payments`.`card_holder` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`card_token` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                  OR `payments`.`card_exp` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`last4` IS NOT NULL
                  AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`brand` IS NOT NULL
                  AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
              )
            ) THEN 'blank'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'record'
                        AND carddata_hold.target = 'payments'
                        AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'target'
                          AND carddata_hold.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'subject'
                          AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'held'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'record'
                        AND carddata_request.target = 'payments'
                        AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'target'
                          AND carddata_request.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'subject'
                          AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 20
            ) THEN 'due'
            ELSE 'overdue'
          END = 'undetermined'
        ) THEN 'undetermined'
        WHEN (
          CASE
            WHEN (
              NOT (
                `payments`.`card_holder` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`card_token` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                  OR `payments`.`card_exp` IS NOT NULL
                  AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`last4` IS NOT NULL
                  AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                  OR `payments`.`brand` IS NOT NULL
                  AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
              )
            ) THEN 'blank'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_1
                  FROM carddata_hold
                  WHERE carddata_hold.released_at IS NULL
                    AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_1
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'record'
                        AND carddata_hold.target = 'payments'
                        AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'target'
                          AND carddata_hold.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_1
                        FROM carddata_hold
                        WHERE carddata_hold.released_at IS NULL
                          AND carddata_hold.scope = 'subject'
                          AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'held'
            WHEN (
              (
                EXISTS (
                  SELECT 1 AS anon_2
                  FROM carddata_request
                  WHERE carddata_request.kind = 'erase'
                    AND carddata_request.granted_at IS NOT NULL
                    AND carddata_request.closed_at IS NULL
                    AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
                )
              )
                AND (
                  (
                    EXISTS (
                      SELECT 1 AS anon_2
                      FROM carddata_request
                      WHERE carddata_request.kind = 'erase'
                        AND carddata_request.granted_at IS NOT NULL
                        AND carddata_request.closed_at IS NULL
                        AND carddata_request.scope = 'record'
                        AND carddata_request.target = 'payments'
                        AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
                    )
                  )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'target'
                          AND carddata_request.target = 'payments'
                      )
                    )
                    OR (
                      EXISTS (
                        SELECT 1 AS anon_2
                        FROM carddata_request
                        WHERE carddata_request.kind = 'erase'
                          AND carddata_request.granted_at IS NOT NULL
                          AND carddata_request.closed_at IS NULL
                          AND carddata_request.scope = 'subject'
                          AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN (`payments`.`customer_id` IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 20
            ) THEN 'due'
            ELSE 'overdue'
          END = 'retained'
            AND CASE
              WHEN (`payments`.`customer_id` IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END IN (21, 22, 23)
        ) THEN 'near'
      END IS NOT NULL
  ) AS carddata_strata
) AS carddata_draw
WHERE carddata_draw.place <= 25
ORDER BY carddata_draw.stratum, carddata_draw.place;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: the candidates that are frozen

SELECT row_number() OVER (ORDER BY `payments`.`customer_id`, `payments`.`id`) AS seq,
  CAST(`payments`.`id` AS CHAR) AS record_key,
  CASE
    WHEN (
      NOT (
        `payments`.`card_holder` IS NOT NULL
          AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`card_token` IS NOT NULL
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
          OR `payments`.`card_exp` IS NOT NULL
          AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`last4` IS NOT NULL
          AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`brand` IS NOT NULL
          AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      )
    ) THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'payments'
                AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'payments'
                AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) AS service_end
FROM `payments`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `payments`.`customer_id`
WHERE ((method = 'card') IS TRUE) = 1
  AND NOT (
    NOT (
      `payments`.`card_holder` IS NOT NULL
        AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`card_token` IS NOT NULL
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
        OR `payments`.`card_exp` IS NOT NULL
        AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`last4` IS NOT NULL
        AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`brand` IS NOT NULL
        AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
    )
  )
  AND NOT (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
      )
    )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'record'
              AND carddata_hold.target = 'payments'
              AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'target'
                AND carddata_hold.target = 'payments'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
            )
          )
      )
  )
  AND (
    CASE
      WHEN (`payments`.`customer_id` IS NULL) THEN 90
      ELSE coalesce(carddata_end_1.carddata_standing, 80)
    END <= 20
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
        )
      )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND carddata_request.scope = 'record'
              AND carddata_request.target = 'payments'
              AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'target'
                AND carddata_request.target = 'payments'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'subject'
                AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
            )
          )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: the gate's counts

SELECT coalesce(sum(CASE WHEN ((method = 'card') IS TRUE) = 1 THEN 1 ELSE 0 END), 0) AS `rows`,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND `payments`.`card_token` IS NOT NULL
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
            AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS tokens,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND substr(
              CASE
                WHEN (
                  `payments`.`card_token` IS NOT NULL
                    AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                    AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                    AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                ELSE ''
              END, 1, 1
            ) IN ('2', '3', '4', '5', '6')
            AND char_length(
              replace(
                replace(
                  CASE
                    WHEN (
                      `payments`.`card_token` IS NOT NULL
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('***' AS CHAR) AS BINARY)
                        AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              )
            ) BETWEEN 13 AND 19
            AND replace(
              replace(
                replace(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            replace(
                              replace(
                                replace(
                                  replace(
                                    CASE
                                      WHEN (
                                        `payments`.`card_token` IS NOT NULL
                                          AND CAST(
                                            CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                          ) != CAST(CAST('' AS CHAR) AS BINARY)
                                          AND CAST(
                                            CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                          ) != CAST(CAST('***' AS CHAR) AS BINARY)
                                          AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                                      ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                                      ELSE ''
                                    END, ' ', ''
                                  ),
                                  '-', ''
                                ),
                                '0', ''
                              ),
                              '1', ''
                            ),
                            '2', ''
                          ),
                          '3', ''
                        ),
                        '4', ''
                      ),
                      '5', ''
                    ),
                    '6', ''
                  ),
                  '7', ''
                ),
                '8', ''
              ),
              '9', ''
            ) = ''
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS token_card_shaped,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND `payments`.`card_token` IS NOT NULL
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
            AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
            AND (
              char_length(
                CASE
                  WHEN (
                    `payments`.`card_token` IS NOT NULL
                      AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                      AND CAST(
                        CAST(`payments`.`card_token` AS CHAR) AS BINARY
                      ) != CAST(CAST('***' AS CHAR) AS BINARY)
                      AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                  ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                  ELSE ''
                END
              ) < 4
                OR char_length(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            CASE
                              WHEN (
                                `payments`.`card_token` IS NOT NULL
                                  AND CAST(
                                    CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                  ) != CAST(CAST('' AS CHAR) AS BINARY)
                                  AND CAST(
                                    CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                  ) != CAST(CAST('***' AS CHAR) AS BINARY)
                                  AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                              ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                              ELSE ''
                            END, ' ', ''
                          ),
                          '@', ''
                        ),
                        '\t', ''
                      ),
                      '\n', ''
                    ),
                    '\r', ''
                  )
                ) < char_length(
                  CASE
                    WHEN (
                      `payments`.`card_token` IS NOT NULL
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('***' AS CHAR) AS BINARY)
                        AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                    ELSE ''
                  END
                )
                OR char_length(
                  CASE
                    WHEN (
                      `payments`.`card_token` IS NOT NULL
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('***' AS CHAR) AS BINARY)
                        AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                    ELSE ''
                  END
                ) != octet_length(
                  CASE
                    WHEN (
                      `payments`.`card_token` IS NOT NULL
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('' AS CHAR) AS BINARY)
                        AND CAST(
                          CAST(`payments`.`card_token` AS CHAR) AS BINARY
                        ) != CAST(CAST('***' AS CHAR) AS BINARY)
                        AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                    ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                    ELSE ''
                  END
                )
            )
            AND NOT (
              substr(
                CASE
                  WHEN (
                    `payments`.`card_token` IS NOT NULL
                      AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                      AND CAST(
                        CAST(`payments`.`card_token` AS CHAR) AS BINARY
                      ) != CAST(CAST('***' AS CHAR) AS BINARY)
                      AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                  ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                  ELSE ''
                END, 1, 1
              ) IN ('2', '3', '4', '5', '6')
                AND char_length(
                  replace(
                    replace(
                      CASE
                        WHEN (
                          `payments`.`card_token` IS NOT NULL
                            AND CAST(
                              CAST(`payments`.`card_token` AS CHAR) AS BINARY
                            ) != CAST(CAST('' AS CHAR) AS BINARY)
                            AND CAST(
                              CAST(`payments`.`card_token` AS CHAR) AS BINARY
                            ) != CAST(CAST('***' AS CHAR) AS BINARY)
                            AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                        ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  )
                ) BETWEEN 13 AND 19
                AND replace(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            replace(
                              replace(
                                replace(
                                  replace(
                                    replace(
                                      replace(
                                        CASE
                                          WHEN (
                                            `payments`.`card_token` IS NOT NULL
                                              AND CAST(
                                                CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                              ) != CAST(CAST('' AS CHAR) AS BINARY)
                                              AND CAST(
                                                CAST(`payments`.`card_token` AS CHAR) AS BINARY
                                              ) != CAST(CAST('***' AS CHAR) AS BINARY)
                                              AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
                                          ) THEN trim(CAST(`payments`.`card_token` AS CHAR))
                                          ELSE ''
                                        END, ' ', ''
                                      ),
                                      '-', ''
                                    ),
                                    '0', ''
                                  ),
                                  '1', ''
                                ),
                                '2', ''
                              ),
                              '3', ''
                            ),
                            '4', ''
                          ),
                          '5', ''
                        ),
                        '6', ''
                      ),
                      '7', ''
                    ),
                    '8', ''
                  ),
                  '9', ''
                ) = ''
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS token_malformed,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND `payments`.`card_token` IS NOT NULL
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
            AND trim(CAST(`payments`.`card_token` AS CHAR)) != ''
            AND NOT (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND trim(CAST(`payments`.`card_holder` AS CHAR)) != ''
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS holder_missing,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND `payments`.`card_exp` IS NOT NULL
            AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND trim(CAST(`payments`.`card_exp` AS CHAR)) != ''
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS expiries,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND `payments`.`card_exp` IS NOT NULL
            AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            AND trim(CAST(`payments`.`card_exp` AS CHAR)) != ''
            AND (
              (
                CASE
                  WHEN (
                    (
                      char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) = 7
                        OR char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) >= 10
                    )
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 5, 1) IN ('-', '/', '.')
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 6, 2)
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) = 6
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 5, 1) IN ('-', '/', '.')
                  ) THEN concat('0', substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 6, 1))
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) IN (5, 7)
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 3, 1) IN ('-', '/', '.')
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 2)
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) IN (4, 6)
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 2, 1) IN ('-', '/', '.')
                  ) THEN concat('0', substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 1))
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) IN (6, 8)
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 2) IN ('19', '20')
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 5, 2)
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) = 6
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 2)
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) = 4
                      AND substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 2) IN (
                        '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'
                      )
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 2)
                  WHEN (
                    char_length(trim(CAST(`payments`.`card_exp` AS CHAR))) = 4
                  ) THEN substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 3, 2)
                  ELSE ''
                END NOT IN ('01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12')
              )
                OR replace(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            replace(
                              replace(
                                replace(
                                  replace(
                                    replace(
                                      replace(
                                        replace(substr(trim(CAST(`payments`.`card_exp` AS CHAR)), 1, 10), '-', ''),
                                        '/', ''
                                      ),
                                      '.', ''
                                    ),
                                    '0', ''
                                  ),
                                  '1', ''
                                ),
                                '2', ''
                              ),
                              '3', ''
                            ),
                            '4', ''
                          ),
                          '5', ''
                        ),
                        '6', ''
                      ),
                      '7', ''
                    ),
                    '8', ''
                  ),
                  '9', ''
                ) != ''
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS expiry_impossible,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 0
            AND (
              `payments`.`card_holder` IS NOT NULL
                AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                OR `payments`.`card_token` IS NOT NULL
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
                AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
                OR `payments`.`card_exp` IS NOT NULL
                AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS out_of_scope_card_data
FROM `payments`;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: whose records are they

SELECT DISTINCT `payments`.`customer_id`
FROM `payments`
WHERE `payments`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: lock customers, without waiting

SELECT count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: were all rows of customers locked

SELECT count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: if not, which of customers are

SELECT `customers`.`id`
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
ORDER BY `customers`.`id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: and which of customers there are

SELECT `customers`.`id`, count(*) AS count_1
FROM `customers`
WHERE `customers`.`id` IN (:carddata_subject_0)
GROUP BY `customers`.`id`;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: lock services, without waiting

SELECT count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: were all rows of services locked

SELECT count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: if not, which of services are

SELECT `services`.`customer_id`
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
ORDER BY `services`.`customer_id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: and which of services there are

SELECT `services`.`customer_id`, count(*) AS count_1
FROM `services`
WHERE `services`.`customer_id` IN (:carddata_subject_0)
GROUP BY `services`.`customer_id`;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: lock the records

SELECT count(*) AS count_1
FROM `payments`
WHERE `payments`.`id` IN (:carddata_key_0)
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: if not all could be locked, which

SELECT `payments`.`id`
FROM `payments`
WHERE `payments`.`id` IN (:carddata_key_0)
ORDER BY `payments`.`id`
FOR UPDATE SKIP LOCKED;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: decide the locked records again, and write their tombstones

INSERT INTO carddata_tombstone(run_id, target, seq, record_key, status, service_end, batch_no)
SELECT :run_id AS run_id, 'payments' AS target, carddata_candidate.carddata_seq,
  carddata_candidate.carddata_record_key, carddata_candidate.carddata_status,
  carddata_candidate.carddata_service_end, :batch_no AS batch_no
FROM `payments`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` IN (:carddata_subject_0)
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `payments`.`customer_id` INNER
JOIN (
  SELECT carddata_work.seq AS carddata_seq, carddata_work.record_key AS carddata_record_key,
    carddata_work.status AS carddata_status, carddata_work.service_end AS carddata_service_end
  FROM carddata_work FORCE INDEX (carddata_work_key)
  WHERE carddata_work.run_id = :run_id
    AND carddata_work.target = 'payments'
    AND carddata_work.status IN ('requested', 'overdue', 'due')
) AS carddata_candidate ON `payments`.`id` IN (:carddata_key_0)
  AND carddata_candidate.carddata_record_key = CAST(`payments`.`id` AS CHAR)
WHERE carddata_candidate.carddata_record_key = CAST(`payments`.`id` AS CHAR)
  AND ((method = 'card') IS TRUE) = 1
  AND CASE
    WHEN (`payments`.`customer_id` IS NULL) THEN true
    ELSE `payments`.`customer_id` IN (:carddata_subject_0)
  END = 1
  AND CASE
    WHEN (
      NOT (
        `payments`.`card_holder` IS NOT NULL
          AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`card_token` IS NOT NULL
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
          OR `payments`.`card_exp` IS NOT NULL
          AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`last4` IS NOT NULL
          AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`brand` IS NOT NULL
          AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      )
    ) THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'payments'
                AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'payments'
                AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END = carddata_candidate.carddata_status
  AND CAST(
    CASE
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) <=> carddata_candidate.carddata_service_end;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: what is left, is it there, and whose

SELECT CAST(`payments`.`id` AS CHAR) AS `id`, `payments`.`customer_id`
FROM `payments`
WHERE `payments`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: why was it left

SELECT CAST(`payments`.`id` AS CHAR) AS carddata_key, ((method = 'card') IS TRUE) AS carddata_in_scope,
  CASE
    WHEN (
      NOT (
        `payments`.`card_holder` IS NOT NULL
          AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`card_token` IS NOT NULL
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
          OR `payments`.`card_exp` IS NOT NULL
          AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`last4` IS NOT NULL
          AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
          OR `payments`.`brand` IS NOT NULL
          AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      )
    ) THEN 'blank'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'record'
                AND carddata_hold.target = 'payments'
                AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'target'
                  AND carddata_hold.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_1
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'held'
    WHEN (
      (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
        )
      )
        AND (
          (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'record'
                AND carddata_request.target = 'payments'
                AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
            )
          )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'target'
                  AND carddata_request.target = 'payments'
              )
            )
            OR (
              EXISTS (
                SELECT 1 AS anon_2
                FROM carddata_request
                WHERE carddata_request.kind = 'erase'
                  AND carddata_request.granted_at IS NOT NULL
                  AND carddata_request.closed_at IS NULL
                  AND carddata_request.scope = 'subject'
                  AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE
        WHEN (`payments`.`customer_id` IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS carddata_status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN (`payments`.`customer_id` IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS CHAR
  ) AS carddata_end
FROM `payments`
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR `services`.`use_ended_at` >= :never
          AND `services`.`use_ended_at` < :after_never
          OR NOT (
            CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
              AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          )
      ) THEN 100
      WHEN (`services`.`use_ended_at` IS NULL) THEN 70
      WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
      WHEN (`services`.`use_ended_at` >= :over) THEN 100
      WHEN (`services`.`use_ended_at` < :earliest) THEN 50
      WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
      WHEN (`services`.`use_ended_at` < :overdue) THEN 10
      WHEN (`services`.`use_ended_at` < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(`services`.`use_ended_at`) AS carddata_end,
    `services`.`customer_id` AS carddata_subject
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` IN (:carddata_subject_0)
  GROUP BY `services`.`customer_id`
) AS carddata_end_1 ON carddata_end_1.carddata_subject = `payments`.`customer_id`
WHERE `payments`.`id` IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: remove, deciding once more

UPDATE `payments`
SET `card_holder`=NULL, `card_token`='***', `card_exp`=NULL, `last4`=NULL, `brand`=NULL
WHERE `payments`.`id` IN (:carddata_key_0)
  AND ((method = 'card') IS TRUE) = 1
  AND CASE
    WHEN (`payments`.`customer_id` IS NULL) THEN true
    ELSE `payments`.`customer_id` IN (:carddata_subject_0)
  END = 1
  AND NOT (
    NOT (
      `payments`.`card_holder` IS NOT NULL
        AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`card_token` IS NOT NULL
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
        OR `payments`.`card_exp` IS NOT NULL
        AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`last4` IS NOT NULL
        AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`brand` IS NOT NULL
        AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
    )
  )
  AND NOT (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'record'
          AND carddata_hold.target = 'payments'
          AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
      )
    )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'target'
            AND carddata_hold.target = 'payments'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'subject'
            AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
        )
      )
  )
  AND (
    CASE
      WHEN (`payments`.`customer_id` IS NULL) THEN 90
      ELSE coalesce(
        (
          SELECT max(
            CASE
              WHEN (
                `services`.`use_ended_at` >= :never
                  OR `services`.`use_ended_at` >= :never
                  OR `services`.`use_ended_at` >= :never
                  AND `services`.`use_ended_at` < :after_never
                  OR `services`.`use_ended_at` >= :never
                  AND `services`.`use_ended_at` < :after_never
                  OR NOT (
                    CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                      AND CAST(
                        CAST(`services`.`status` AS CHAR) AS BINARY
                      ) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
                  )
              ) THEN 100
              WHEN (`services`.`use_ended_at` IS NULL) THEN 70
              WHEN (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0) THEN 60
              WHEN (`services`.`use_ended_at` >= :over) THEN 100
              WHEN (`services`.`use_ended_at` < :earliest) THEN 50
              WHEN (`services`.`use_ended_at` < `services`.`started_at`) THEN 40
              WHEN (`services`.`use_ended_at` < :overdue) THEN 10
              WHEN (`services`.`use_ended_at` < :due) THEN 20
              ELSE 39
            END
          ) AS carddata_standing
          FROM `services`
          WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND `services`.`customer_id` = `payments`.`customer_id`
        ),
        80
      )
    END <= 20
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'record'
            AND carddata_request.target = 'payments'
            AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'target'
            AND carddata_request.target = 'payments'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_2
          FROM carddata_request
          WHERE carddata_request.kind = 'erase'
            AND carddata_request.granted_at IS NOT NULL
            AND carddata_request.closed_at IS NULL
            AND carddata_request.scope = 'subject'
            AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
        )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: read back, must be 0

SELECT count(*) AS count_1
FROM `payments`
WHERE `payments`.`id` IN (:carddata_key_0)
  AND (
    `payments`.`card_holder` IS NOT NULL
      AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      OR `payments`.`card_token` IS NOT NULL
      AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
      OR `payments`.`card_exp` IS NOT NULL
      AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      OR `payments`.`last4` IS NOT NULL
      AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
      OR `payments`.`brand` IS NOT NULL
      AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: how many are in scope

SELECT count(*) AS count_1
FROM `payments`
WHERE ((method = 'card') IS TRUE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: the independent look

SELECT CAST(`payments`.`id` AS CHAR) AS record_key
FROM `payments`
LEFT OUTER JOIN (
  SELECT DISTINCT `services`.`customer_id` AS carddata_of
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
          AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          AND `services`.`use_ended_at` IS NOT NULL
          AND NOT (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          )
          AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
          AND `services`.`use_ended_at` >= :earliest
          AND `services`.`use_ended_at` < :due
          AND coalesce(`services`.`use_ended_at` < `services`.`started_at`, false) = 0
      ) THEN 1
      ELSE 0
    END = 1
    AND `services`.`customer_id` IS NOT NULL
) AS carddata_good_1 ON carddata_good_1.carddata_of = `payments`.`customer_id`
LEFT OUTER JOIN (
  SELECT DISTINCT `services`.`customer_id` AS carddata_of
  FROM `services`
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
          AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
          AND `services`.`use_ended_at` IS NOT NULL
          AND NOT (
            `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR `services`.`use_ended_at` >= :never
              AND `services`.`use_ended_at` < :after_never
              OR NOT (
                CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IS NOT NULL
                  AND CAST(CAST(`services`.`status` AS CHAR) AS BINARY) IN (CAST(CAST('closed' AS CHAR) AS BINARY))
              )
          )
          AND NOT (month(`services`.`use_ended_at`) = 0 OR dayofmonth(`services`.`use_ended_at`) = 0)
          AND `services`.`use_ended_at` >= :earliest
          AND `services`.`use_ended_at` < :due
          AND coalesce(`services`.`use_ended_at` < `services`.`started_at`, false) = 0
      ) THEN 1
      ELSE 0
    END != 1
    AND `services`.`customer_id` IS NOT NULL
) AS carddata_bad_1 ON carddata_bad_1.carddata_of = `payments`.`customer_id`
WHERE ((method = 'card') IS TRUE) = 1
  AND NOT (
    NOT (
      `payments`.`card_holder` IS NOT NULL
        AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`card_token` IS NOT NULL
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
        OR `payments`.`card_exp` IS NOT NULL
        AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`last4` IS NOT NULL
        AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`brand` IS NOT NULL
        AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
    )
  )
  AND NOT (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
      )
    )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_1
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'record'
              AND carddata_hold.target = 'payments'
              AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'target'
                AND carddata_hold.target = 'payments'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_1
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
            )
          )
      )
  )
  AND (
    (
      EXISTS (
        SELECT 1 AS anon_2
        FROM carddata_request
        WHERE carddata_request.kind = 'erase'
          AND carddata_request.granted_at IS NOT NULL
          AND carddata_request.closed_at IS NULL
          AND (carddata_request.scope = 'subject' OR carddata_request.target = 'payments')
      )
    )
      AND (
        (
          EXISTS (
            SELECT 1 AS anon_2
            FROM carddata_request
            WHERE carddata_request.kind = 'erase'
              AND carddata_request.granted_at IS NOT NULL
              AND carddata_request.closed_at IS NULL
              AND carddata_request.scope = 'record'
              AND carddata_request.target = 'payments'
              AND carddata_request.item = CAST(`payments`.`id` AS CHAR)
          )
        )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'target'
                AND carddata_request.target = 'payments'
            )
          )
          OR (
            EXISTS (
              SELECT 1 AS anon_2
              FROM carddata_request
              WHERE carddata_request.kind = 'erase'
                AND carddata_request.granted_at IS NOT NULL
                AND carddata_request.closed_at IS NULL
                AND carddata_request.scope = 'subject'
                AND carddata_request.item = CAST(`payments`.`customer_id` AS CHAR)
            )
          )
      )
      OR `payments`.`customer_id` IS NOT NULL
      AND (
        `payments`.`customer_id` IS NULL
          OR carddata_good_1.carddata_of IS NOT NULL
          AND carddata_bad_1.carddata_of IS NULL
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: are the held ones still there

SELECT count(*) AS count_1
FROM `payments`
WHERE ((method = 'card') IS TRUE) = 1
  AND NOT (
    NOT (
      `payments`.`card_holder` IS NOT NULL
        AND CAST(CAST(`payments`.`card_holder` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`card_token` IS NOT NULL
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        AND CAST(CAST(`payments`.`card_token` AS CHAR) AS BINARY) != CAST(CAST('***' AS CHAR) AS BINARY)
        OR `payments`.`card_exp` IS NOT NULL
        AND CAST(CAST(`payments`.`card_exp` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`last4` IS NOT NULL
        AND CAST(CAST(`payments`.`last4` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
        OR `payments`.`brand` IS NOT NULL
        AND CAST(CAST(`payments`.`brand` AS CHAR) AS BINARY) != CAST(CAST('' AS CHAR) AS BINARY)
    )
  )
  AND (
    EXISTS (
      SELECT 1 AS anon_1
      FROM carddata_hold
      WHERE carddata_hold.released_at IS NULL
        AND (carddata_hold.scope = 'subject' OR carddata_hold.target = 'payments')
    )
  )
  AND (
    (
      EXISTS (
        SELECT 1 AS anon_1
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'record'
          AND carddata_hold.target = 'payments'
          AND carddata_hold.item = CAST(`payments`.`id` AS CHAR)
      )
    )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'target'
            AND carddata_hold.target = 'payments'
        )
      )
      OR (
        EXISTS (
          SELECT 1 AS anon_1
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'subject'
            AND carddata_hold.item = CAST(`payments`.`customer_id` AS CHAR)
        )
      )
  );
