-- Generated from the example configuration by `make sql`; do not edit. Yours: carddata-retention plan --sql
--
-- Every statement that a night sends to the example's tables on SQLite, in the order of the night, except questions
-- to the catalogue. Only the layout differs from what is sent. `:word` is a bound parameter:
--   :due  :overdue       the cutoffs of the night: an end before them (where <= stands, on them) is due, is overdue
--   :over                the end of the as-of date: a later end lies ahead, so the service is still open
--   :due_within_n_days   the cutoffs of the nights to come, for the forecast
--   :earliest  :never    the configuration's `earliest` and `open_sentinels`
--   :far_ahead           ten years after the as-of date
--   :carddata_key_0  :carddata_subject_0  :carddata_parent_0   all keys, subjects and parents of a batch at once
-- The numbers in CASE are the standings of carddata_retention/status.py; the greatest among a subject's services wins.
-- carddata_instant(text, zone) is a function of our own connections: microseconds since 1970 of a whole ISO 8601
-- instant, NULL for anything else (docs/adr/0006).

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: may we read them

SELECT "services"."customer_id", "services"."use_ended_at", "services"."started_at", "services"."status"
FROM "services"
WHERE 1 = 0 AND ((kind <> 'draft') IS NOT FALSE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: is where one condition

SELECT carddata_alone.carddata_one
FROM (SELECT 1 AS carddata_one FROM "services" WHERE kind <> 'draft' = 1) AS carddata_alone
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- service ends: the gate's counts

SELECT coalesce(sum(CASE WHEN 1 THEN 1 ELSE 0 END), 0) AS rows,
  coalesce(
    sum(
      CASE
        WHEN (
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND carddata_instant(
              "services"."use_ended_at", 'UTC'
            ) < carddata_instant("services"."started_at", 'UTC')
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
          ("services"."status" COLLATE "BINARY") IS NOT NULL
            AND ("services"."status" COLLATE "BINARY") IN ('closed')
            AND "services"."use_ended_at" IS NULL
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND carddata_instant("services"."use_ended_at", 'UTC') >= :far_ahead
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND carddata_instant("services"."use_ended_at", 'UTC') < :over
            AND NOT (
              ("services"."status" COLLATE "BINARY") IS NOT NULL
                AND ("services"."status" COLLATE "BINARY") IN ('closed')
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
          "services"."use_ended_at" IS NOT NULL AND carddata_instant("services"."use_ended_at", 'UTC') IS NULL
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND carddata_instant("services"."use_ended_at", 'UTC') < :earliest
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND (
              (carddata_instant("services"."use_ended_at", 'UTC') % 86400000000 + 86400000000) % 86400000000
            ) / (1000000 + 0.0) IN (54000)
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND (
              (carddata_instant("services"."use_ended_at", 'UTC') % 86400000000 + 86400000000) % 86400000000
            ) / (1000000 + 0.0) IN (0)
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
          "services"."use_ended_at" IS NOT NULL
            AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
            AND NOT (
              carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            )
            AND (
              (carddata_instant("services"."use_ended_at", 'UTC') % 86400000000 + 86400000000) % 86400000000
            ) / (1000000 + 0.0) IN (0)
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS midnight_utc
FROM "services"
WHERE ((kind <> 'draft') IS NOT FALSE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we read it

SELECT "cards"."id", "cards"."customer_id", "cards"."cardholder_name", "cards"."card_token", "cards"."exp_month",
  "cards"."exp_year"
FROM "cards"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock it

SELECT "cards"."id"
FROM "cards"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we remove from it

DELETE FROM "cards"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we lock card_usage

SELECT "card_usage"."card_id"
FROM "card_usage"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: may we let go of card_usage

DELETE FROM "card_usage"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: count by status

SELECT carddata_judged.scope, carddata_judged.status, carddata_judged.standing, count(*) AS number,
  min(carddata_judged.undated) AS first, max(carddata_judged.undated) AS last
FROM (
  SELECT CASE WHEN 1 THEN 'in' WHEN 0 = 1 THEN 'out' ELSE 'other' END AS scope,
    CASE
      WHEN 0 THEN 'blank'
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
                  AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                    AND carddata_hold.item = CASE typeof("cards"."customer_id")
                      WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                      ELSE CAST("cards"."customer_id" AS TEXT)
                    END
                )
              )
              OR "cards"."customer_id" IS NOT NULL
              AND "cards"."customer_id" IN (
                SELECT carddata_hold.item
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item IS NOT NULL
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
                  AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                    AND carddata_request.item = CASE typeof("cards"."customer_id")
                      WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                      ELSE CAST("cards"."customer_id" AS TEXT)
                    END
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CASE
      WHEN ("cards"."customer_id" IS NULL) THEN 90
      ELSE coalesce(carddata_end_1.carddata_standing, 80)
    END AS standing,
    CASE
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN CAST("cards"."id" AS VARCHAR)
    END AS undated
  FROM "cards"
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR NOT (
              ("services"."status" COLLATE "BINARY") IS NOT NULL
                AND ("services"."status" COLLATE "BINARY") IN ('closed')
            )
        ) THEN 100
        WHEN ("services"."use_ended_at" IS NULL) THEN 70
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
        ) THEN 40
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_1_days) THEN 21
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_7_days) THEN 22
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_30_days) THEN 23
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_60_days) THEN 24
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_90_days) THEN 25
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_120_days) THEN 26
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_150_days) THEN 27
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_180_days) THEN 28
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_210_days) THEN 29
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_240_days) THEN 30
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_270_days) THEN 31
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_300_days) THEN 32
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_330_days) THEN 33
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_365_days) THEN 34
        ELSE 39
      END
    ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
      "services"."customer_id" AS carddata_subject
    FROM "services"
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY "services"."customer_id"
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "cards"."customer_id"
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
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'held'
      ) THEN 'held'
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN ("cards"."customer_id" IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END IN (21, 22, 23)
      ) THEN 'near'
    END AS stratum, CAST("cards"."id" AS VARCHAR) AS record_key,
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END AS standing,
      CAST(
        CASE
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END <= 39
          ) THEN carddata_end_1.carddata_end
        END AS VARCHAR
      ) AS service_end, carddata_hash(:carddata_seed || CAST("cards"."id" AS VARCHAR)) AS drawn
    FROM "cards"
    LEFT OUTER JOIN (
      SELECT max(
        CASE
          WHEN (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          ) THEN 100
          WHEN ("services"."use_ended_at" IS NULL) THEN 70
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
          WHEN (
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
          ) THEN 40
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_1_days) THEN 21
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_7_days) THEN 22
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_30_days) THEN 23
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_60_days) THEN 24
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_90_days) THEN 25
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_120_days) THEN 26
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_150_days) THEN 27
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_180_days) THEN 28
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_210_days) THEN 29
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_240_days) THEN 30
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_270_days) THEN 31
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_300_days) THEN 32
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_330_days) THEN 33
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_365_days) THEN 34
          ELSE 39
        END
      ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
        "services"."customer_id" AS carddata_subject
      FROM "services"
      WHERE ((kind <> 'draft') IS NOT FALSE) = 1
      GROUP BY "services"."customer_id"
    ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "cards"."customer_id"
    WHERE CASE
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'held'
      ) THEN 'held'
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN 0 THEN 'blank'
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
                      AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "cards"."customer_id" IS NOT NULL
                  AND "cards"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("cards"."customer_id")
                          WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                          ELSE CAST("cards"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("cards"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN ("cards"."customer_id" IS NULL) THEN 90
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

INSERT INTO carddata_work(run_id, target, seq, record_key, status, service_end)
SELECT :run_id AS run_id, 'cards' AS target, carddata_candidate.seq, carddata_candidate.record_key,
  carddata_candidate.status, carddata_candidate.service_end
FROM (
  SELECT row_number() OVER (ORDER BY "cards"."customer_id", "cards"."id") AS seq,
    CAST("cards"."id" AS VARCHAR) AS record_key,
    CASE
      WHEN 0 THEN 'blank'
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
                  AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                    AND carddata_hold.item = CASE typeof("cards"."customer_id")
                      WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                      ELSE CAST("cards"."customer_id" AS TEXT)
                    END
                )
              )
              OR "cards"."customer_id" IS NOT NULL
              AND "cards"."customer_id" IN (
                SELECT carddata_hold.item
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item IS NOT NULL
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
                  AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                    AND carddata_request.item = CASE typeof("cards"."customer_id")
                      WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                      ELSE CAST("cards"."customer_id" AS TEXT)
                    END
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CAST(
      CASE
        WHEN (
          CASE
            WHEN ("cards"."customer_id" IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END <= 39
        ) THEN carddata_end_1.carddata_end
      END AS VARCHAR
    ) AS service_end
  FROM "cards"
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR NOT (
              ("services"."status" COLLATE "BINARY") IS NOT NULL
                AND ("services"."status" COLLATE "BINARY") IN ('closed')
            )
        ) THEN 100
        WHEN ("services"."use_ended_at" IS NULL) THEN 70
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
        ) THEN 40
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
        ELSE 39
      END
    ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
      "services"."customer_id" AS carddata_subject
    FROM "services"
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY "services"."customer_id"
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "cards"."customer_id"
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
              AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                AND carddata_hold.item = CASE typeof("cards"."customer_id")
                  WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                  ELSE CAST("cards"."customer_id" AS TEXT)
                END
            )
          )
          OR "cards"."customer_id" IS NOT NULL
          AND "cards"."customer_id" IN (
            SELECT carddata_hold.item
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item IS NOT NULL
          )
      )
  )
    AND (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END <= 20
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
                AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("cards"."customer_id")
                    WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                    ELSE CAST("cards"."customer_id" AS TEXT)
                  END
              )
            )
        )
    )
) AS carddata_candidate;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: the gate's counts

SELECT coalesce(sum(CASE WHEN 1 = 1 THEN 1 ELSE 0 END), 0) AS rows,
  coalesce(
    sum(
      CASE
        WHEN (
          "cards"."card_token" IS NOT NULL
            AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
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
                "cards"."card_token" IS NOT NULL
                  AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
              ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
              ELSE ''
            END, 1, 1
          ) IN ('2', '3', '4', '5', '6')
            AND length(
              replace(
                replace(
                  CASE
                    WHEN (
                      "cards"."card_token" IS NOT NULL
                        AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              )
            ) BETWEEN 13 AND 19
            AND NOT (
              replace(
                replace(
                  CASE
                    WHEN (
                      "cards"."card_token" IS NOT NULL
                        AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              ) GLOB '*[^0-9]*'
            )
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
          "cards"."card_token" IS NOT NULL
            AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
            AND (
              length(
                CASE
                  WHEN (
                    "cards"."card_token" IS NOT NULL
                      AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                      AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                  ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                  ELSE ''
                END
              ) < 4
                OR length(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            CASE
                              WHEN (
                                "cards"."card_token" IS NOT NULL
                                  AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                                  AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                              ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                              ELSE ''
                            END, ' ', ''
                          ),
                          '@', ''
                        ),
                        char(9),
                        ''
                      ),
                      char(10),
                      ''
                    ),
                    char(13),
                    ''
                  )
                ) < length(
                  CASE
                    WHEN (
                      "cards"."card_token" IS NOT NULL
                        AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                    ELSE ''
                  END
                )
                OR (
                  CASE
                    WHEN (
                      "cards"."card_token" IS NOT NULL
                        AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                    ELSE ''
                  END GLOB '*[^ -~]*'
                )
            )
            AND NOT (
              substr(
                CASE
                  WHEN (
                    "cards"."card_token" IS NOT NULL
                      AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                      AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                  ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                  ELSE ''
                END, 1, 1
              ) IN ('2', '3', '4', '5', '6')
                AND length(
                  replace(
                    replace(
                      CASE
                        WHEN (
                          "cards"."card_token" IS NOT NULL
                            AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                            AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                        ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  )
                ) BETWEEN 13 AND 19
                AND NOT (
                  replace(
                    replace(
                      CASE
                        WHEN (
                          "cards"."card_token" IS NOT NULL
                            AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                            AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
                        ) THEN trim(CAST("cards"."card_token" AS VARCHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  ) GLOB '*[^0-9]*'
                )
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
          "cards"."card_token" IS NOT NULL
            AND ("cards"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("cards"."card_token" AS VARCHAR)) != ''
            AND NOT (
              "cards"."cardholder_name" IS NOT NULL
                AND ("cards"."cardholder_name" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND trim(CAST("cards"."cardholder_name" AS VARCHAR)) != ''
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
          "cards"."exp_month" IS NOT NULL
            AND ("cards"."exp_month" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("cards"."exp_month" AS VARCHAR)) != ''
            OR "cards"."exp_year" IS NOT NULL
            AND ("cards"."exp_year" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("cards"."exp_year" AS VARCHAR)) != ''
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
          (
            "cards"."exp_month" IS NOT NULL
              AND ("cards"."exp_month" COLLATE "BINARY") != ('' COLLATE "BINARY")
              AND trim(CAST("cards"."exp_month" AS VARCHAR)) != ''
              OR "cards"."exp_year" IS NOT NULL
              AND ("cards"."exp_year" COLLATE "BINARY") != ('' COLLATE "BINARY")
              AND trim(CAST("cards"."exp_year" AS VARCHAR)) != ''
          )
            AND (
              NOT (
                "cards"."exp_month" IS NOT NULL
                  AND ("cards"."exp_month" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  AND trim(CAST("cards"."exp_month" AS VARCHAR)) != ''
              )
                OR NOT (
                  "cards"."exp_year" IS NOT NULL
                    AND ("cards"."exp_year" COLLATE "BINARY") != ('' COLLATE "BINARY")
                    AND trim(CAST("cards"."exp_year" AS VARCHAR)) != ''
                )
                OR (
                  CASE
                    WHEN (
                      length(trim(CAST("cards"."exp_month" AS VARCHAR))) = 4
                    ) THEN trim(CAST("cards"."exp_year" AS VARCHAR))
                    ELSE trim(CAST("cards"."exp_month" AS VARCHAR))
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
  ) AS expiry_impossible, coalesce(sum(CASE WHEN 0 = 1 THEN 1 ELSE 0 END), 0) AS out_of_scope_card_data
FROM "cards";

-- -----------------------------------------------------------------------------------------------------------------
-- cards: subjects that nobody knows

SELECT coalesce(
  sum(
    CASE
      WHEN (
        "cards"."customer_id" IS NOT NULL
          AND NOT (
            EXISTS (
              SELECT 1 AS anon_1
              FROM "customers" AS carddata_subject_1
              WHERE carddata_subject_1."id" = "cards"."customer_id"
            )
          )
      ) THEN 1
      ELSE 0
    END
  ),
  0
) AS unknown
FROM "cards";

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: whose records are they

SELECT DISTINCT "cards"."customer_id"
FROM "cards"
WHERE "cards"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: decide the locked records again, and write their tombstones

INSERT INTO carddata_tombstone(run_id, target, seq, record_key, status, service_end, batch_no)
SELECT :run_id AS run_id, 'cards' AS target, carddata_candidate.carddata_seq,
  carddata_candidate.carddata_record_key, carddata_candidate.carddata_status,
  carddata_candidate.carddata_service_end, :batch_no AS batch_no
FROM "cards"
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR NOT (
            ("services"."status" COLLATE "BINARY") IS NOT NULL
              AND ("services"."status" COLLATE "BINARY") IN ('closed')
          )
      ) THEN 100
      WHEN ("services"."use_ended_at" IS NULL) THEN 70
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
      ) THEN 40
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
    "services"."customer_id" AS carddata_subject
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" IN (:carddata_subject_0)
  GROUP BY "services"."customer_id"
) AS carddata_end_1 ON carddata_end_1.carddata_subject = "cards"."customer_id"
JOIN (
  SELECT carddata_work.seq AS carddata_seq, carddata_work.record_key AS carddata_record_key,
    carddata_work.status AS carddata_status, carddata_work.service_end AS carddata_service_end
  FROM carddata_work
  WHERE carddata_work.run_id = :run_id
    AND carddata_work.target = 'cards'
    AND carddata_work.status IN ('requested', 'overdue', 'due')
) AS carddata_candidate ON "cards"."id" IN (:carddata_key_0)
  AND carddata_candidate.carddata_record_key = CAST("cards"."id" AS VARCHAR)
WHERE carddata_candidate.carddata_record_key = CAST("cards"."id" AS VARCHAR)
  AND CASE WHEN ("cards"."customer_id" IS NULL) THEN 1 ELSE "cards"."customer_id" IN (:carddata_subject_0) END = 1
  AND CASE
    WHEN 0 THEN 'blank'
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
                AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                  AND carddata_hold.item = CASE typeof("cards"."customer_id")
                    WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                    ELSE CAST("cards"."customer_id" AS TEXT)
                  END
              )
            )
            OR "cards"."customer_id" IS NOT NULL
            AND "cards"."customer_id" IN (
              SELECT carddata_hold.item
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item IS NOT NULL
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
                AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("cards"."customer_id")
                    WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                    ELSE CAST("cards"."customer_id" AS TEXT)
                  END
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE WHEN ("cards"."customer_id" IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END = carddata_candidate.carddata_status
  AND CAST(
    CASE
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS VARCHAR
  ) IS carddata_candidate.carddata_service_end;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: what is left, is it there, and whose

SELECT CAST("cards"."id" AS VARCHAR) AS "id", "cards"."customer_id"
FROM "cards"
WHERE "cards"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: why was it left

SELECT CAST("cards"."id" AS VARCHAR) AS carddata_key, 1 AS carddata_in_scope,
  CASE
    WHEN 0 THEN 'blank'
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
                AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                  AND carddata_hold.item = CASE typeof("cards"."customer_id")
                    WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                    ELSE CAST("cards"."customer_id" AS TEXT)
                  END
              )
            )
            OR "cards"."customer_id" IS NOT NULL
            AND "cards"."customer_id" IN (
              SELECT carddata_hold.item
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item IS NOT NULL
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
                AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("cards"."customer_id")
                    WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                    ELSE CAST("cards"."customer_id" AS TEXT)
                  END
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN ("cards"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE WHEN ("cards"."customer_id" IS NULL) THEN 90 ELSE coalesce(carddata_end_1.carddata_standing, 80) END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS carddata_status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN ("cards"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS VARCHAR
  ) AS carddata_end
FROM "cards"
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR NOT (
            ("services"."status" COLLATE "BINARY") IS NOT NULL
              AND ("services"."status" COLLATE "BINARY") IN ('closed')
          )
      ) THEN 100
      WHEN ("services"."use_ended_at" IS NULL) THEN 70
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
      ) THEN 40
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
    "services"."customer_id" AS carddata_subject
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" IN (:carddata_subject_0)
  GROUP BY "services"."customer_id"
) AS carddata_end_1 ON carddata_end_1.carddata_subject = "cards"."customer_id"
WHERE "cards"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: the parents of card_usage

SELECT DISTINCT "cards"."id"
FROM "cards"
WHERE "cards"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: lock card_usage

SELECT 1 AS anon_1
FROM "card_usage"
WHERE "card_usage"."card_id" IN (:carddata_parent_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: let go of card_usage

DELETE FROM "card_usage"
WHERE "card_usage"."card_id" IN (:carddata_parent_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: what is left of card_usage

SELECT count(*) AS count_1
FROM "card_usage"
WHERE "card_usage"."card_id" IN (:carddata_parent_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: remove, deciding once more

DELETE FROM "cards"
WHERE "cards"."id" IN (:carddata_key_0)
  AND CASE WHEN ("cards"."customer_id" IS NULL) THEN 1 ELSE "cards"."customer_id" IN (:carddata_subject_0) END = 1
  AND NOT (
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
              AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
                AND carddata_hold.item = CASE typeof("cards"."customer_id")
                  WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                  ELSE CAST("cards"."customer_id" AS TEXT)
                END
            )
          )
          OR "cards"."customer_id" IS NOT NULL
          AND "cards"."customer_id" IN (
            SELECT carddata_hold.item
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item IS NOT NULL
          )
      )
  )
  AND (
    CASE
      WHEN ("cards"."customer_id" IS NULL) THEN 90
      ELSE coalesce(
        (
          SELECT max(
            CASE
              WHEN (
                carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                  OR NOT (
                    ("services"."status" COLLATE "BINARY") IS NOT NULL
                      AND ("services"."status" COLLATE "BINARY") IN ('closed')
                  )
              ) THEN 100
              WHEN ("services"."use_ended_at" IS NULL) THEN 70
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
              WHEN (
                carddata_instant(
                  "services"."use_ended_at", 'UTC'
                ) < carddata_instant("services"."started_at", 'UTC')
              ) THEN 40
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
              ELSE 39
            END
          ) AS carddata_standing
          FROM "services"
          WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" = "cards"."customer_id"
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
              AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                AND carddata_request.item = CASE typeof("cards"."customer_id")
                  WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                  ELSE CAST("cards"."customer_id" AS TEXT)
                END
            )
          )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- cards: batch: read back, must be 0

SELECT count(*) AS count_1
FROM "cards"
WHERE "cards"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- cards: how many are in scope

SELECT count(*) AS count_1
FROM "cards"
WHERE 1 = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- cards: the independent look

SELECT CAST("cards"."id" AS VARCHAR) AS record_key
FROM "cards"
LEFT OUTER JOIN (
  SELECT DISTINCT "services"."customer_id" AS carddata_of
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        ("services"."status" COLLATE "BINARY") IS NOT NULL
          AND ("services"."status" COLLATE "BINARY") IN ('closed')
          AND "services"."use_ended_at" IS NOT NULL
          AND NOT (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          )
          AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
          AND carddata_instant("services"."use_ended_at", 'UTC') >= :earliest
          AND carddata_instant("services"."use_ended_at", 'UTC') < :due
          AND coalesce(
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC'), 0
          ) = 0
      ) THEN 1
      ELSE 0
    END = 1
    AND "services"."customer_id" IS NOT NULL
) AS carddata_good_1 ON carddata_good_1.carddata_of = "cards"."customer_id"
LEFT OUTER JOIN (
  SELECT DISTINCT "services"."customer_id" AS carddata_of
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        ("services"."status" COLLATE "BINARY") IS NOT NULL
          AND ("services"."status" COLLATE "BINARY") IN ('closed')
          AND "services"."use_ended_at" IS NOT NULL
          AND NOT (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          )
          AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
          AND carddata_instant("services"."use_ended_at", 'UTC') >= :earliest
          AND carddata_instant("services"."use_ended_at", 'UTC') < :due
          AND coalesce(
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC'), 0
          ) = 0
      ) THEN 1
      ELSE 0
    END != 1
    AND "services"."customer_id" IS NOT NULL
) AS carddata_bad_1 ON carddata_bad_1.carddata_of = "cards"."customer_id"
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
            AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
              AND carddata_hold.item = CASE typeof("cards"."customer_id")
                WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                ELSE CAST("cards"."customer_id" AS TEXT)
              END
          )
        )
        OR "cards"."customer_id" IS NOT NULL
        AND "cards"."customer_id" IN (
          SELECT carddata_hold.item
          FROM carddata_hold
          WHERE carddata_hold.released_at IS NULL
            AND carddata_hold.scope = 'subject'
            AND carddata_hold.item IS NOT NULL
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
              AND carddata_request.item = CAST("cards"."id" AS VARCHAR)
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
                AND carddata_request.item = CASE typeof("cards"."customer_id")
                  WHEN 'blob' THEN lower(hex("cards"."customer_id"))
                  ELSE CAST("cards"."customer_id" AS TEXT)
                END
            )
          )
      )
      OR "cards"."customer_id" IS NOT NULL
      AND (
        "cards"."customer_id" IS NULL
          OR carddata_good_1.carddata_of IS NOT NULL
          AND carddata_bad_1.carddata_of IS NULL
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- cards: are the held ones still there

SELECT count(*) AS count_1
FROM "cards"
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
          AND carddata_hold.item = CAST("cards"."id" AS VARCHAR)
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
            AND carddata_hold.item = CASE typeof("cards"."customer_id")
              WHEN 'blob' THEN lower(hex("cards"."customer_id"))
              ELSE CAST("cards"."customer_id" AS TEXT)
            END
        )
      )
      OR "cards"."customer_id" IS NOT NULL
      AND "cards"."customer_id" IN (
        SELECT carddata_hold.item
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'subject'
          AND carddata_hold.item IS NOT NULL
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we read it

SELECT "payments"."id", "payments"."customer_id", "payments"."card_holder", "payments"."card_token",
  "payments"."card_exp", "payments"."last4", "payments"."brand"
FROM "payments"
WHERE 1 = 0 AND ((method = 'card') IS TRUE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: is where one condition

SELECT carddata_alone.carddata_one
FROM (SELECT 1 AS carddata_one FROM "payments" WHERE method = 'card' = 1) AS carddata_alone
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we lock it

SELECT "payments"."id"
FROM "payments"
WHERE 1 = 0;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: may we empty its fields

UPDATE "payments"
SET "card_holder"=NULL, "card_token"='***', "card_exp"=NULL, "last4"=NULL, "brand"=NULL
WHERE 1 = 0;

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
          "payments"."card_holder" IS NOT NULL
            AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            OR "payments"."card_exp" IS NOT NULL
            AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
        )
    ) THEN 'out'
    ELSE 'other'
  END AS scope,
    CASE
      WHEN (
        NOT (
          "payments"."card_holder" IS NOT NULL
            AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            OR "payments"."card_exp" IS NOT NULL
            AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."last4" IS NOT NULL
            AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."brand" IS NOT NULL
            AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                  AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                    AND carddata_hold.item = CASE typeof("payments"."customer_id")
                      WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                      ELSE CAST("payments"."customer_id" AS TEXT)
                    END
                )
              )
              OR "payments"."customer_id" IS NOT NULL
              AND "payments"."customer_id" IN (
                SELECT carddata_hold.item
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item IS NOT NULL
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
                  AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                    AND carddata_request.item = CASE typeof("payments"."customer_id")
                      WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                      ELSE CAST("payments"."customer_id" AS TEXT)
                    END
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CASE
      WHEN ("payments"."customer_id" IS NULL) THEN 90
      ELSE coalesce(carddata_end_1.carddata_standing, 80)
    END AS standing,
    CASE
      WHEN (
        CASE
          WHEN (
            NOT (
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."card_token" IS NOT NULL
                AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                OR "payments"."card_exp" IS NOT NULL
                AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."last4" IS NOT NULL
                AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."brand" IS NOT NULL
                AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                      AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "payments"."customer_id" IS NOT NULL
                  AND "payments"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'undetermined'
      ) THEN CAST("payments"."id" AS VARCHAR)
    END AS undated
  FROM "payments"
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR NOT (
              ("services"."status" COLLATE "BINARY") IS NOT NULL
                AND ("services"."status" COLLATE "BINARY") IN ('closed')
            )
        ) THEN 100
        WHEN ("services"."use_ended_at" IS NULL) THEN 70
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
        ) THEN 40
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_1_days) THEN 21
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_7_days) THEN 22
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_30_days) THEN 23
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_60_days) THEN 24
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_90_days) THEN 25
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_120_days) THEN 26
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_150_days) THEN 27
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_180_days) THEN 28
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_210_days) THEN 29
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_240_days) THEN 30
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_270_days) THEN 31
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_300_days) THEN 32
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_330_days) THEN 33
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_365_days) THEN 34
        ELSE 39
      END
    ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
      "services"."customer_id" AS carddata_subject
    FROM "services"
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY "services"."customer_id"
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "payments"."customer_id"
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
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."card_token" IS NOT NULL
                AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                OR "payments"."card_exp" IS NOT NULL
                AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."last4" IS NOT NULL
                AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."brand" IS NOT NULL
                AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                      AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "payments"."customer_id" IS NOT NULL
                  AND "payments"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
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
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."card_token" IS NOT NULL
                AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                OR "payments"."card_exp" IS NOT NULL
                AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."last4" IS NOT NULL
                AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."brand" IS NOT NULL
                AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                      AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "payments"."customer_id" IS NOT NULL
                  AND "payments"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
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
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."card_token" IS NOT NULL
                AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                OR "payments"."card_exp" IS NOT NULL
                AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."last4" IS NOT NULL
                AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."brand" IS NOT NULL
                AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                      AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_hold.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
                  OR "payments"."customer_id" IS NOT NULL
                  AND "payments"."customer_id" IN (
                    SELECT carddata_hold.item
                    FROM carddata_hold
                    WHERE carddata_hold.released_at IS NULL
                      AND carddata_hold.scope = 'subject'
                      AND carddata_hold.item IS NOT NULL
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
                      AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                        AND carddata_request.item = CASE typeof("payments"."customer_id")
                          WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                          ELSE CAST("payments"."customer_id" AS TEXT)
                        END
                    )
                  )
              )
          ) THEN 'requested'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 100
          ) THEN 'active'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 40
          ) THEN 'undetermined'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END >= 21
          ) THEN 'retained'
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END = 20
          ) THEN 'due'
          ELSE 'overdue'
        END = 'retained'
          AND CASE
            WHEN ("payments"."customer_id" IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END IN (21, 22, 23)
      ) THEN 'near'
    END AS stratum, CAST("payments"."id" AS VARCHAR) AS record_key,
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END AS standing,
      CAST(
        CASE
          WHEN (
            CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
              ELSE coalesce(carddata_end_1.carddata_standing, 80)
            END <= 39
          ) THEN carddata_end_1.carddata_end
        END AS VARCHAR
      ) AS service_end, carddata_hash(:carddata_seed || CAST("payments"."id" AS VARCHAR)) AS drawn
    FROM "payments"
    LEFT OUTER JOIN (
      SELECT max(
        CASE
          WHEN (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          ) THEN 100
          WHEN ("services"."use_ended_at" IS NULL) THEN 70
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
          WHEN (
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
          ) THEN 40
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_1_days) THEN 21
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_7_days) THEN 22
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_30_days) THEN 23
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_60_days) THEN 24
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_90_days) THEN 25
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_120_days) THEN 26
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_150_days) THEN 27
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_180_days) THEN 28
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_210_days) THEN 29
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_240_days) THEN 30
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_270_days) THEN 31
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_300_days) THEN 32
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_330_days) THEN 33
          WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due_within_365_days) THEN 34
          ELSE 39
        END
      ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
        "services"."customer_id" AS carddata_subject
      FROM "services"
      WHERE ((kind <> 'draft') IS NOT FALSE) = 1
      GROUP BY "services"."customer_id"
    ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "payments"."customer_id"
    WHERE ((method = 'card') IS TRUE) = 1
      AND CASE
        WHEN (
          CASE
            WHEN (
              NOT (
                "payments"."card_holder" IS NOT NULL
                  AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."card_token" IS NOT NULL
                  AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                  OR "payments"."card_exp" IS NOT NULL
                  AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."last4" IS NOT NULL
                  AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."brand" IS NOT NULL
                  AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                        AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_hold.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                    OR "payments"."customer_id" IS NOT NULL
                    AND "payments"."customer_id" IN (
                      SELECT carddata_hold.item
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item IS NOT NULL
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
                        AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_request.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
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
                "payments"."card_holder" IS NOT NULL
                  AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."card_token" IS NOT NULL
                  AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                  OR "payments"."card_exp" IS NOT NULL
                  AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."last4" IS NOT NULL
                  AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."brand" IS NOT NULL
                  AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                        AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_hold.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                    OR "payments"."customer_id" IS NOT NULL
                    AND "payments"."customer_id" IN (
                      SELECT carddata_hold.item
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item IS NOT NULL
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
                        AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_request.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
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
                "payments"."card_holder" IS NOT NULL
                  AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."card_token" IS NOT NULL
                  AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                  OR "payments"."card_exp" IS NOT NULL
                  AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."last4" IS NOT NULL
                  AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
                  OR "payments"."brand" IS NOT NULL
                  AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                        AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_hold.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                    OR "payments"."customer_id" IS NOT NULL
                    AND "payments"."customer_id" IN (
                      SELECT carddata_hold.item
                      FROM carddata_hold
                      WHERE carddata_hold.released_at IS NULL
                        AND carddata_hold.scope = 'subject'
                        AND carddata_hold.item IS NOT NULL
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
                        AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                          AND carddata_request.item = CASE typeof("payments"."customer_id")
                            WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                            ELSE CAST("payments"."customer_id" AS TEXT)
                          END
                      )
                    )
                )
            ) THEN 'requested'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 100
            ) THEN 'active'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 40
            ) THEN 'undetermined'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END >= 21
            ) THEN 'retained'
            WHEN (
              CASE
                WHEN ("payments"."customer_id" IS NULL) THEN 90
                ELSE coalesce(carddata_end_1.carddata_standing, 80)
              END = 20
            ) THEN 'due'
            ELSE 'overdue'
          END = 'retained'
            AND CASE
              WHEN ("payments"."customer_id" IS NULL) THEN 90
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

INSERT INTO carddata_work(run_id, target, seq, record_key, status, service_end)
SELECT :run_id AS run_id, 'payments' AS target, carddata_candidate.seq, carddata_candidate.record_key,
  carddata_candidate.status, carddata_candidate.service_end
FROM (
  SELECT row_number() OVER (ORDER BY "payments"."customer_id", "payments"."id") AS seq,
    CAST("payments"."id" AS VARCHAR) AS record_key,
    CASE
      WHEN (
        NOT (
          "payments"."card_holder" IS NOT NULL
            AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            OR "payments"."card_exp" IS NOT NULL
            AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."last4" IS NOT NULL
            AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
            OR "payments"."brand" IS NOT NULL
            AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                  AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                    AND carddata_hold.item = CASE typeof("payments"."customer_id")
                      WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                      ELSE CAST("payments"."customer_id" AS TEXT)
                    END
                )
              )
              OR "payments"."customer_id" IS NOT NULL
              AND "payments"."customer_id" IN (
                SELECT carddata_hold.item
                FROM carddata_hold
                WHERE carddata_hold.released_at IS NULL
                  AND carddata_hold.scope = 'subject'
                  AND carddata_hold.item IS NOT NULL
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
                  AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                    AND carddata_request.item = CASE typeof("payments"."customer_id")
                      WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                      ELSE CAST("payments"."customer_id" AS TEXT)
                    END
                )
              )
          )
      ) THEN 'requested'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 100
      ) THEN 'active'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 40
      ) THEN 'undetermined'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END >= 21
      ) THEN 'retained'
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END = 20
      ) THEN 'due'
      ELSE 'overdue'
    END AS status,
    CAST(
      CASE
        WHEN (
          CASE
            WHEN ("payments"."customer_id" IS NULL) THEN 90
            ELSE coalesce(carddata_end_1.carddata_standing, 80)
          END <= 39
        ) THEN carddata_end_1.carddata_end
      END AS VARCHAR
    ) AS service_end
  FROM "payments"
  LEFT OUTER JOIN (
    SELECT max(
      CASE
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
            AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
            OR NOT (
              ("services"."status" COLLATE "BINARY") IS NOT NULL
                AND ("services"."status" COLLATE "BINARY") IN ('closed')
            )
        ) THEN 100
        WHEN ("services"."use_ended_at" IS NULL) THEN 70
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
        WHEN (
          carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
        ) THEN 40
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
        WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
        ELSE 39
      END
    ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
      "services"."customer_id" AS carddata_subject
    FROM "services"
    WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    GROUP BY "services"."customer_id"
  ) AS carddata_end_1 ON carddata_end_1.carddata_subject = "payments"."customer_id"
  WHERE ((method = 'card') IS TRUE) = 1
    AND NOT (
      NOT (
        "payments"."card_holder" IS NOT NULL
          AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."card_token" IS NOT NULL
          AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
          AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
          OR "payments"."card_exp" IS NOT NULL
          AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."last4" IS NOT NULL
          AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."brand" IS NOT NULL
          AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_hold.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
            OR "payments"."customer_id" IS NOT NULL
            AND "payments"."customer_id" IN (
              SELECT carddata_hold.item
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item IS NOT NULL
            )
        )
    )
    AND (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
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
                AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
        )
    )
) AS carddata_candidate;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: the gate's counts

SELECT coalesce(sum(CASE WHEN ((method = 'card') IS TRUE) = 1 THEN 1 ELSE 0 END), 0) AS rows,
  coalesce(
    sum(
      CASE
        WHEN (
          ((method = 'card') IS TRUE) = 1
            AND "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
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
                  "payments"."card_token" IS NOT NULL
                    AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                    AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                    AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                ELSE ''
              END, 1, 1
            ) IN ('2', '3', '4', '5', '6')
            AND length(
              replace(
                replace(
                  CASE
                    WHEN (
                      "payments"."card_token" IS NOT NULL
                        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                        AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              )
            ) BETWEEN 13 AND 19
            AND NOT (
              replace(
                replace(
                  CASE
                    WHEN (
                      "payments"."card_token" IS NOT NULL
                        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                        AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                    ELSE ''
                  END, ' ', ''
                ),
                '-', ''
              ) GLOB '*[^0-9]*'
            )
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
            AND "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
            AND (
              length(
                CASE
                  WHEN (
                    "payments"."card_token" IS NOT NULL
                      AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                      AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                      AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                  ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                  ELSE ''
                END
              ) < 4
                OR length(
                  replace(
                    replace(
                      replace(
                        replace(
                          replace(
                            CASE
                              WHEN (
                                "payments"."card_token" IS NOT NULL
                                  AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                                  AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                                  AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                              ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                              ELSE ''
                            END, ' ', ''
                          ),
                          '@', ''
                        ),
                        char(9),
                        ''
                      ),
                      char(10),
                      ''
                    ),
                    char(13),
                    ''
                  )
                ) < length(
                  CASE
                    WHEN (
                      "payments"."card_token" IS NOT NULL
                        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                        AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                    ELSE ''
                  END
                )
                OR (
                  CASE
                    WHEN (
                      "payments"."card_token" IS NOT NULL
                        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                        AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                    ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                    ELSE ''
                  END GLOB '*[^ -~]*'
                )
            )
            AND NOT (
              substr(
                CASE
                  WHEN (
                    "payments"."card_token" IS NOT NULL
                      AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                      AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                      AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                  ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                  ELSE ''
                END, 1, 1
              ) IN ('2', '3', '4', '5', '6')
                AND length(
                  replace(
                    replace(
                      CASE
                        WHEN (
                          "payments"."card_token" IS NOT NULL
                            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                            AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                        ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  )
                ) BETWEEN 13 AND 19
                AND NOT (
                  replace(
                    replace(
                      CASE
                        WHEN (
                          "payments"."card_token" IS NOT NULL
                            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                            AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
                        ) THEN trim(CAST("payments"."card_token" AS VARCHAR))
                        ELSE ''
                      END, ' ', ''
                    ),
                    '-', ''
                  ) GLOB '*[^0-9]*'
                )
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
            AND "payments"."card_token" IS NOT NULL
            AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
            AND trim(CAST("payments"."card_token" AS VARCHAR)) != ''
            AND NOT (
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND trim(CAST("payments"."card_holder" AS VARCHAR)) != ''
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
            AND "payments"."card_exp" IS NOT NULL
            AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("payments"."card_exp" AS VARCHAR)) != ''
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
            AND "payments"."card_exp" IS NOT NULL
            AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
            AND trim(CAST("payments"."card_exp" AS VARCHAR)) != ''
            AND (
              (
                CASE
                  WHEN (
                    (
                      length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 7
                        OR length(trim(CAST("payments"."card_exp" AS VARCHAR))) >= 10
                    )
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 5, 1) IN ('-', '/', '.')
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 6, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 6
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 5, 1) IN ('-', '/', '.')
                  ) THEN '0' || substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 6, 1)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) IN (5, 7)
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 3, 1) IN ('-', '/', '.')
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) IN (4, 6)
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 2, 1) IN ('-', '/', '.')
                  ) THEN '0' || substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 1)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) IN (6, 8)
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 2) IN ('19', '20')
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 5, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 6
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 4
                      AND substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 2) IN (
                        '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'
                      )
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 4
                  ) THEN substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 3, 2)
                  WHEN (
                    length(trim(CAST("payments"."card_exp" AS VARCHAR))) = 3
                  ) THEN '0' || substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 1)
                  ELSE ''
                END NOT IN ('01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12')
              )
                OR (
                  replace(
                    replace(replace(substr(trim(CAST("payments"."card_exp" AS VARCHAR)), 1, 10), '-', ''), '/', ''),
                    '.', ''
                  ) GLOB '*[^0-9]*'
                )
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
              "payments"."card_holder" IS NOT NULL
                AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
                OR "payments"."card_token" IS NOT NULL
                AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
                AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
                OR "payments"."card_exp" IS NOT NULL
                AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
            )
        ) THEN 1
        ELSE 0
      END
    ),
    0
  ) AS out_of_scope_card_data
FROM "payments";

-- -----------------------------------------------------------------------------------------------------------------
-- payments: subjects that nobody knows

SELECT coalesce(
  sum(
    CASE
      WHEN (
        ((method = 'card') IS TRUE) = 1
          AND "payments"."customer_id" IS NOT NULL
          AND NOT (
            EXISTS (
              SELECT 1 AS anon_1
              FROM "customers" AS carddata_subject_1
              WHERE carddata_subject_1."id" = "payments"."customer_id"
            )
          )
      ) THEN 1
      ELSE 0
    END
  ),
  0
) AS unknown
FROM "payments";

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: whose records are they

SELECT DISTINCT "payments"."customer_id"
FROM "payments"
WHERE "payments"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: decide the locked records again, and write their tombstones

INSERT INTO carddata_tombstone(run_id, target, seq, record_key, status, service_end, batch_no)
SELECT :run_id AS run_id, 'payments' AS target, carddata_candidate.carddata_seq,
  carddata_candidate.carddata_record_key, carddata_candidate.carddata_status,
  carddata_candidate.carddata_service_end, :batch_no AS batch_no
FROM "payments"
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR NOT (
            ("services"."status" COLLATE "BINARY") IS NOT NULL
              AND ("services"."status" COLLATE "BINARY") IN ('closed')
          )
      ) THEN 100
      WHEN ("services"."use_ended_at" IS NULL) THEN 70
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
      ) THEN 40
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
    "services"."customer_id" AS carddata_subject
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" IN (:carddata_subject_0)
  GROUP BY "services"."customer_id"
) AS carddata_end_1 ON carddata_end_1.carddata_subject = "payments"."customer_id"
JOIN (
  SELECT carddata_work.seq AS carddata_seq, carddata_work.record_key AS carddata_record_key,
    carddata_work.status AS carddata_status, carddata_work.service_end AS carddata_service_end
  FROM carddata_work
  WHERE carddata_work.run_id = :run_id
    AND carddata_work.target = 'payments'
    AND carddata_work.status IN ('requested', 'overdue', 'due')
) AS carddata_candidate ON "payments"."id" IN (:carddata_key_0)
  AND carddata_candidate.carddata_record_key = CAST("payments"."id" AS VARCHAR)
WHERE carddata_candidate.carddata_record_key = CAST("payments"."id" AS VARCHAR)
  AND ((method = 'card') IS TRUE) = 1
  AND CASE
    WHEN ("payments"."customer_id" IS NULL) THEN 1
    ELSE "payments"."customer_id" IN (:carddata_subject_0)
  END = 1
  AND CASE
    WHEN (
      NOT (
        "payments"."card_holder" IS NOT NULL
          AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."card_token" IS NOT NULL
          AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
          AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
          OR "payments"."card_exp" IS NOT NULL
          AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."last4" IS NOT NULL
          AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."brand" IS NOT NULL
          AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_hold.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
            OR "payments"."customer_id" IS NOT NULL
            AND "payments"."customer_id" IN (
              SELECT carddata_hold.item
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item IS NOT NULL
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
                AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END = carddata_candidate.carddata_status
  AND CAST(
    CASE
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS VARCHAR
  ) IS carddata_candidate.carddata_service_end;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: what is left, is it there, and whose

SELECT CAST("payments"."id" AS VARCHAR) AS "id", "payments"."customer_id"
FROM "payments"
WHERE "payments"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: why was it left

SELECT CAST("payments"."id" AS VARCHAR) AS carddata_key, ((method = 'card') IS TRUE) AS carddata_in_scope,
  CASE
    WHEN (
      NOT (
        "payments"."card_holder" IS NOT NULL
          AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."card_token" IS NOT NULL
          AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
          AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
          OR "payments"."card_exp" IS NOT NULL
          AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."last4" IS NOT NULL
          AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
          OR "payments"."brand" IS NOT NULL
          AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
                AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_hold.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
            OR "payments"."customer_id" IS NOT NULL
            AND "payments"."customer_id" IN (
              SELECT carddata_hold.item
              FROM carddata_hold
              WHERE carddata_hold.released_at IS NULL
                AND carddata_hold.scope = 'subject'
                AND carddata_hold.item IS NOT NULL
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
                AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                  AND carddata_request.item = CASE typeof("payments"."customer_id")
                    WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                    ELSE CAST("payments"."customer_id" AS TEXT)
                  END
              )
            )
        )
    ) THEN 'requested'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 100
    ) THEN 'active'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 40
    ) THEN 'undetermined'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END >= 21
    ) THEN 'retained'
    WHEN (
      CASE
        WHEN ("payments"."customer_id" IS NULL) THEN 90
        ELSE coalesce(carddata_end_1.carddata_standing, 80)
      END = 20
    ) THEN 'due'
    ELSE 'overdue'
  END AS carddata_status,
  CAST(
    CASE
      WHEN (
        CASE
          WHEN ("payments"."customer_id" IS NULL) THEN 90
          ELSE coalesce(carddata_end_1.carddata_standing, 80)
        END <= 39
      ) THEN carddata_end_1.carddata_end
    END AS VARCHAR
  ) AS carddata_end
FROM "payments"
LEFT OUTER JOIN (
  SELECT max(
    CASE
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
          AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
          OR NOT (
            ("services"."status" COLLATE "BINARY") IS NOT NULL
              AND ("services"."status" COLLATE "BINARY") IN ('closed')
          )
      ) THEN 100
      WHEN ("services"."use_ended_at" IS NULL) THEN 70
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
      WHEN (
        carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC')
      ) THEN 40
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
      WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
      ELSE 39
    END
  ) AS carddata_standing, max(carddata_instant("services"."use_ended_at", 'UTC')) AS carddata_end,
    "services"."customer_id" AS carddata_subject
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" IN (:carddata_subject_0)
  GROUP BY "services"."customer_id"
) AS carddata_end_1 ON carddata_end_1.carddata_subject = "payments"."customer_id"
WHERE "payments"."id" IN (:carddata_key_0);

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: remove, deciding once more

UPDATE "payments"
SET "card_holder"=NULL, "card_token"='***', "card_exp"=NULL, "last4"=NULL, "brand"=NULL
WHERE "payments"."id" IN (:carddata_key_0)
  AND ((method = 'card') IS TRUE) = 1
  AND CASE
    WHEN ("payments"."customer_id" IS NULL) THEN 1
    ELSE "payments"."customer_id" IN (:carddata_subject_0)
  END = 1
  AND NOT (
    NOT (
      "payments"."card_holder" IS NOT NULL
        AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."card_token" IS NOT NULL
        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
        OR "payments"."card_exp" IS NOT NULL
        AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."last4" IS NOT NULL
        AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."brand" IS NOT NULL
        AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
              AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                AND carddata_hold.item = CASE typeof("payments"."customer_id")
                  WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                  ELSE CAST("payments"."customer_id" AS TEXT)
                END
            )
          )
          OR "payments"."customer_id" IS NOT NULL
          AND "payments"."customer_id" IN (
            SELECT carddata_hold.item
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item IS NOT NULL
          )
      )
  )
  AND (
    CASE
      WHEN ("payments"."customer_id" IS NULL) THEN 90
      ELSE coalesce(
        (
          SELECT max(
            CASE
              WHEN (
                carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                  OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
                  AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
                  OR NOT (
                    ("services"."status" COLLATE "BINARY") IS NOT NULL
                      AND ("services"."status" COLLATE "BINARY") IN ('closed')
                  )
              ) THEN 100
              WHEN ("services"."use_ended_at" IS NULL) THEN 70
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') IS NULL) THEN 60
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') >= :over) THEN 100
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :earliest) THEN 50
              WHEN (
                carddata_instant(
                  "services"."use_ended_at", 'UTC'
                ) < carddata_instant("services"."started_at", 'UTC')
              ) THEN 40
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :overdue) THEN 10
              WHEN (carddata_instant("services"."use_ended_at", 'UTC') < :due) THEN 20
              ELSE 39
            END
          ) AS carddata_standing
          FROM "services"
          WHERE ((kind <> 'draft') IS NOT FALSE) = 1 AND "services"."customer_id" = "payments"."customer_id"
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
              AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                AND carddata_request.item = CASE typeof("payments"."customer_id")
                  WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                  ELSE CAST("payments"."customer_id" AS TEXT)
                END
            )
          )
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: batch: read back, must be 0

SELECT count(*) AS count_1
FROM "payments"
WHERE "payments"."id" IN (:carddata_key_0)
  AND (
    "payments"."card_holder" IS NOT NULL
      AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
      OR "payments"."card_token" IS NOT NULL
      AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
      AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
      OR "payments"."card_exp" IS NOT NULL
      AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
      OR "payments"."last4" IS NOT NULL
      AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
      OR "payments"."brand" IS NOT NULL
      AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: how many are in scope

SELECT count(*) AS count_1
FROM "payments"
WHERE ((method = 'card') IS TRUE) = 1;

-- -----------------------------------------------------------------------------------------------------------------
-- payments: the independent look

SELECT CAST("payments"."id" AS VARCHAR) AS record_key
FROM "payments"
LEFT OUTER JOIN (
  SELECT DISTINCT "services"."customer_id" AS carddata_of
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        ("services"."status" COLLATE "BINARY") IS NOT NULL
          AND ("services"."status" COLLATE "BINARY") IN ('closed')
          AND "services"."use_ended_at" IS NOT NULL
          AND NOT (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          )
          AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
          AND carddata_instant("services"."use_ended_at", 'UTC') >= :earliest
          AND carddata_instant("services"."use_ended_at", 'UTC') < :due
          AND coalesce(
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC'), 0
          ) = 0
      ) THEN 1
      ELSE 0
    END = 1
    AND "services"."customer_id" IS NOT NULL
) AS carddata_good_1 ON carddata_good_1.carddata_of = "payments"."customer_id"
LEFT OUTER JOIN (
  SELECT DISTINCT "services"."customer_id" AS carddata_of
  FROM "services"
  WHERE ((kind <> 'draft') IS NOT FALSE) = 1
    AND CASE
      WHEN (
        ("services"."status" COLLATE "BINARY") IS NOT NULL
          AND ("services"."status" COLLATE "BINARY") IN ('closed')
          AND "services"."use_ended_at" IS NOT NULL
          AND NOT (
            carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR carddata_instant("services"."use_ended_at", 'UTC') >= :never
              AND carddata_instant("services"."use_ended_at", 'UTC') < :after_never
              OR NOT (
                ("services"."status" COLLATE "BINARY") IS NOT NULL
                  AND ("services"."status" COLLATE "BINARY") IN ('closed')
              )
          )
          AND carddata_instant("services"."use_ended_at", 'UTC') IS NOT NULL
          AND carddata_instant("services"."use_ended_at", 'UTC') >= :earliest
          AND carddata_instant("services"."use_ended_at", 'UTC') < :due
          AND coalesce(
            carddata_instant("services"."use_ended_at", 'UTC') < carddata_instant("services"."started_at", 'UTC'), 0
          ) = 0
      ) THEN 1
      ELSE 0
    END != 1
    AND "services"."customer_id" IS NOT NULL
) AS carddata_bad_1 ON carddata_bad_1.carddata_of = "payments"."customer_id"
WHERE ((method = 'card') IS TRUE) = 1
  AND NOT (
    NOT (
      "payments"."card_holder" IS NOT NULL
        AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."card_token" IS NOT NULL
        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
        OR "payments"."card_exp" IS NOT NULL
        AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."last4" IS NOT NULL
        AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."brand" IS NOT NULL
        AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
              AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
                AND carddata_hold.item = CASE typeof("payments"."customer_id")
                  WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                  ELSE CAST("payments"."customer_id" AS TEXT)
                END
            )
          )
          OR "payments"."customer_id" IS NOT NULL
          AND "payments"."customer_id" IN (
            SELECT carddata_hold.item
            FROM carddata_hold
            WHERE carddata_hold.released_at IS NULL
              AND carddata_hold.scope = 'subject'
              AND carddata_hold.item IS NOT NULL
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
              AND carddata_request.item = CAST("payments"."id" AS VARCHAR)
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
                AND carddata_request.item = CASE typeof("payments"."customer_id")
                  WHEN 'blob' THEN lower(hex("payments"."customer_id"))
                  ELSE CAST("payments"."customer_id" AS TEXT)
                END
            )
          )
      )
      OR "payments"."customer_id" IS NOT NULL
      AND (
        "payments"."customer_id" IS NULL
          OR carddata_good_1.carddata_of IS NOT NULL
          AND carddata_bad_1.carddata_of IS NULL
      )
  );

-- -----------------------------------------------------------------------------------------------------------------
-- payments: are the held ones still there

SELECT count(*) AS count_1
FROM "payments"
WHERE ((method = 'card') IS TRUE) = 1
  AND NOT (
    NOT (
      "payments"."card_holder" IS NOT NULL
        AND ("payments"."card_holder" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."card_token" IS NOT NULL
        AND ("payments"."card_token" COLLATE "BINARY") != ('' COLLATE "BINARY")
        AND ("payments"."card_token" COLLATE "BINARY") != ('***' COLLATE "BINARY")
        OR "payments"."card_exp" IS NOT NULL
        AND ("payments"."card_exp" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."last4" IS NOT NULL
        AND ("payments"."last4" COLLATE "BINARY") != ('' COLLATE "BINARY")
        OR "payments"."brand" IS NOT NULL
        AND ("payments"."brand" COLLATE "BINARY") != ('' COLLATE "BINARY")
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
          AND carddata_hold.item = CAST("payments"."id" AS VARCHAR)
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
            AND carddata_hold.item = CASE typeof("payments"."customer_id")
              WHEN 'blob' THEN lower(hex("payments"."customer_id"))
              ELSE CAST("payments"."customer_id" AS TEXT)
            END
        )
      )
      OR "payments"."customer_id" IS NOT NULL
      AND "payments"."customer_id" IN (
        SELECT carddata_hold.item
        FROM carddata_hold
        WHERE carddata_hold.released_at IS NULL
          AND carddata_hold.scope = 'subject'
          AND carddata_hold.item IS NOT NULL
      )
  );
