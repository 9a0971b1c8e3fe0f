-- What is due and still there: the auditor's own question to the example's tables, on PostgreSQL and MariaDB.
--
-- Written by hand, from the privacy notice alone; it shares nothing with the program that it checks. It only reads. It
-- gives one row for each target: how many records must be gone by the notice, are still there, and are held by no
-- legal hold. After a good night every number is 0. How to run it: README.md beside this file.
--
--   :cutoff    an end EARLIER than this is due. An instant of the type of services.use_ended_at
--   :earliest  an end earlier than this is not believed (1970-01-01 and the like), so its record stays
--   :tonight   an end at this or later lies ahead: the beginning of the day that is judged by
--   :attested_before   an attested day before this is due: the day of the cutoff in Japan, '2021-11-20'
--
-- A customer's records are due where there is a service and EVERY service is over for good and ended before the
-- cutoff. So the question is turned round: which services are in the way? Those whose status is anything but exactly
-- 'closed' (NULL and 'Closed ' are in the way), that have no end, or one that is not before the
-- cutoff, not believable, or before the start. A draft is no service. A granted request for erasure needs no deadline.
--
-- Where the data say no end that can be believed, two people may have attested one (carddata_attestation). It counts where
-- it is the only one in force, the customer has as many services as it was made for, and every service in the way is over
-- but has no such end.
--
-- carddata_hold, carddata_request and carddata_attestation are our own tables; on PostgreSQL write carddata.hold and so on.

WITH
services_seen AS (
  SELECT customer_id,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND use_ended_at >= :earliest AND use_ended_at < :cutoff
               AND (started_at IS NULL OR started_at <= use_ended_at)
              THEN 0 ELSE 1 END AS in_the_way,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND (use_ended_at IS NULL OR use_ended_at < :earliest OR (started_at > use_ended_at AND use_ended_at < :tonight))
              THEN 1 ELSE 0 END AS undatable
  FROM services
  WHERE customer_id IS NOT NULL AND (kind IS NULL OR kind <> 'draft')
),
customers_seen AS (
  SELECT customer_id, count(*) AS services, sum(in_the_way) AS in_the_way, sum(undatable) AS undatable
  FROM services_seen GROUP BY customer_id
),
attested AS (
  SELECT item, max(services) AS services
  FROM carddata_attestation
  WHERE withdrawn_at IS NULL AND overtaken_at IS NULL
  GROUP BY item HAVING count(*) = 1 AND max(ended_on) < :attested_before
),
customers_due AS (
  SELECT customer_id FROM customers_seen WHERE in_the_way = 0
  UNION
  SELECT c.customer_id FROM customers_seen c
  JOIN attested a ON a.item = CAST(c.customer_id AS CHAR(20)) AND a.services = c.services
  WHERE c.in_the_way = c.undatable
),
holds AS (
  SELECT scope, target, item FROM carddata_hold WHERE released_at IS NULL
),
requests AS (
  SELECT scope, target, item FROM carddata_request
  WHERE kind = 'erase' AND granted_at IS NOT NULL AND closed_at IS NULL
),
records AS (
  SELECT 'cards' AS target, id, customer_id FROM cards
  UNION ALL
  SELECT 'payments', id, customer_id FROM payments
  WHERE method = 'card'
    AND (length(card_holder) > 0 OR length(card_exp) > 0 OR length(last4) > 0 OR length(brand) > 0
         OR (length(card_token) > 0 AND NOT (replace(card_token, '***', '') = '' AND length(card_token) = 3)))
)
SELECT t.target,
       (SELECT count(*) FROM records r
        WHERE r.target = t.target
          AND (r.customer_id IN (SELECT d.customer_id FROM customers_due d)
               OR (CAST(r.customer_id AS CHAR(20)) IN (SELECT a.item FROM attested a WHERE a.services = 0)
                   AND NOT EXISTS (SELECT 1 FROM customers_seen c WHERE c.customer_id = r.customer_id))
               OR EXISTS (SELECT 1 FROM requests q
                          WHERE (q.scope = 'record' AND q.target = r.target AND q.item = CAST(r.id AS CHAR(20)))
                             OR (q.scope = 'target' AND q.target = r.target)
                             OR (q.scope = 'subject' AND q.item = CAST(r.customer_id AS CHAR(20)))))
          AND NOT EXISTS (SELECT 1 FROM holds h
                          WHERE (h.scope = 'record' AND h.target = r.target AND h.item = CAST(r.id AS CHAR(20)))
                             OR (h.scope = 'target' AND h.target = r.target)
                             OR (h.scope = 'subject' AND h.item = CAST(r.customer_id AS CHAR(20))))
       ) AS residue
FROM (SELECT 'cards' AS target UNION ALL SELECT 'payments') t
ORDER BY t.target;
