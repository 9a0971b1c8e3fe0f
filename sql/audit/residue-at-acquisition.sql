-- What is due and still there, where each record goes by the notice of the day on which it was acquired: PostgreSQL, MariaDB.
--
-- Written by hand, from the two notices alone; it shares nothing with the program that it checks. It only reads. It gives
-- one row for each target, as residue.sql does, for a policy with applies = "at-acquisition" and two versions: until the
-- second begins, five years after the provision ended; from then on, after the use ended. Attested ends are not asked.
--
--   :begins_1 :begins_2   the first moments of the days on which the versions came into force
--   :cutoff_1 :cutoff_2   an end EARLIER than this is due under that version
--   :tomorrow             what was acquired at this or later was acquired on a day that has not come
--   :earliest             an end earlier than this is not believed
--
-- A record without a day of acquisition, with one before the first version or with one ahead is due by nothing but a
-- request. For each version the question is that of residue.sql: which services are in the way?

WITH
services_seen AS (
  SELECT customer_id,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND provision_ended_at >= :earliest AND provision_ended_at < :cutoff_1
               AND (started_at IS NULL OR started_at <= provision_ended_at)
              THEN 0 ELSE 1 END AS in_the_way_1,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND use_ended_at >= :earliest AND use_ended_at < :cutoff_2
               AND (started_at IS NULL OR started_at <= use_ended_at)
              THEN 0 ELSE 1 END AS in_the_way_2
  FROM services
  WHERE customer_id IS NOT NULL AND (kind IS NULL OR kind <> 'draft')
),
customers_seen AS (
  SELECT customer_id, sum(in_the_way_1) AS in_the_way_1, sum(in_the_way_2) AS in_the_way_2
  FROM services_seen GROUP BY customer_id
),
holds AS (
  SELECT scope, target, item FROM carddata_hold WHERE released_at IS NULL
),
requests AS (
  SELECT scope, target, item FROM carddata_request
  WHERE kind = 'erase' AND granted_at IS NOT NULL AND closed_at IS NULL
),
records AS (
  SELECT 'cards' AS target, id, customer_id, acquired_at FROM cards
  UNION ALL
  SELECT 'payments', id, customer_id, acquired_at FROM payments
  WHERE method = 'card'
    AND (length(card_holder) > 0 OR length(card_exp) > 0 OR length(last4) > 0 OR length(brand) > 0
         OR (length(card_token) > 0 AND NOT (replace(card_token, '***', '') = '' AND length(card_token) = 3)))
),
due AS (
  SELECT r.target, r.id, r.customer_id FROM records r JOIN customers_seen c ON c.customer_id = r.customer_id
  WHERE (r.acquired_at >= :begins_1 AND r.acquired_at < :begins_2 AND c.in_the_way_1 = 0)
     OR (r.acquired_at >= :begins_2 AND r.acquired_at < :tomorrow AND c.in_the_way_2 = 0)
  UNION
  SELECT r.target, r.id, r.customer_id FROM records r JOIN requests q
    ON (q.scope = 'record' AND q.target = r.target AND q.item = CAST(r.id AS CHAR(20)))
    OR (q.scope = 'target' AND q.target = r.target)
    OR (q.scope = 'subject' AND q.item = CAST(r.customer_id AS CHAR(20)))
)
SELECT t.target,
       (SELECT count(*) FROM due d
        WHERE d.target = t.target
          AND NOT EXISTS (SELECT 1 FROM holds h
                          WHERE (h.scope = 'record' AND h.target = d.target AND h.item = CAST(d.id AS CHAR(20)))
                             OR (h.scope = 'target' AND h.target = d.target)
                             OR (h.scope = 'subject' AND h.item = CAST(d.customer_id AS CHAR(20))))
       ) AS residue
FROM (SELECT 'cards' AS target UNION ALL SELECT 'payments') t
ORDER BY t.target;
