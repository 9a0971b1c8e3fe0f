-- What is due and still there: the auditor's own question to the example's tables, on SQLite.
--
-- Written by hand, from the privacy notice alone; it shares nothing with the program that it checks. It only reads. It
-- gives one row for each target: how many records must be gone by the notice, are still there, and are held by no
-- legal hold. After a good night every number is 0. How to run it: README.md beside this file.
--
--   :cutoff    an end EARLIER than this is due. UTC text in full: '2021-11-19T15:00:00.000000'
--   :earliest  an end earlier than this is not believed: '1989-12-31T15:00:00.000000'
--   :tonight   an end at this or later lies ahead: '2026-11-19T15:00:00.000000'
--   :attested_before   an attested day before this is due: the day of the cutoff in Japan, '2021-11-20'
--
-- A customer's records are due where there is a service and EVERY service is over for good and ended before the
-- cutoff. So the question is turned round: which services are in the way? Those whose status is anything but exactly
-- 'closed' (NULL and 'Closed ' are in the way), that have no end, or one that cannot be read, is not before the
-- cutoff, not believable, or before the start. A draft is no service. A granted request for erasure needs no deadline.
--
-- Where the data say no end that can be believed, two people may have attested one (carddata_attestation). It counts where
-- it is the only one in force, the customer has as many services as it was made for, and every service in the way is over
-- but has no such end.
--
-- SQLite keeps times as text. Read is YYYY-MM-DD, T or a blank, HH:MM, then or not :SS and a fraction of six digits,
-- then nothing (UTC), Z, or an offset such as +09:00. Everything else cannot be read and is in the way: '0', '2021',
-- '2021-02-31'. SQLite's own functions take all of these for moments, so the shape is asked first, and the day must
-- come out as it went in. The program reads a few forms more (24:00:00, +0900): such a record would be missing here.

WITH
texts AS (
  SELECT id, 'ended' AS what, trim(use_ended_at) AS text FROM services
  UNION ALL
  SELECT id, 'began', trim(started_at) FROM services
),
shaped AS (
  SELECT id, what, text, substr(text, 1, 10) AS day, substr(text, 12, 5) AS clock,
         CASE WHEN substr(text, 17) GLOB ':[0-9][0-9]*' THEN substr(text, 18, 2) ELSE '00' END AS second,
         CASE WHEN substr(text, 17) GLOB ':[0-9][0-9]*' THEN substr(text, 20) ELSE substr(text, 17) END AS rest
  FROM texts
  WHERE text GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]*'
),
parted AS (
  SELECT id, what, day, clock, second,
         CASE WHEN rest GLOB '.[0-9]*' THEN ltrim(substr(rest, 2), '0123456789') ELSE rest END AS zone,
         CASE WHEN rest GLOB '.[0-9]*' THEN rtrim(substr(rest, 2, length(rest) - 1
              - length(ltrim(substr(rest, 2), '0123456789')))) ELSE '' END AS fraction
  FROM shaped
),
moments AS (
  SELECT id, what,
         strftime('%Y-%m-%dT%H:%M:%S', day || ' ' || clock || ':' || second
                  || CASE WHEN zone IN ('', 'Z') THEN '' ELSE zone END)
         || '.' || substr(fraction || '000000', 1, 6) AS moment
  FROM parted
  WHERE date(day, '+0 days') = day AND clock < '24' AND rtrim(substr(fraction, 7), '0') = ''
    AND (zone IN ('', 'Z') OR zone GLOB '[+-][0-9][0-9]:[0-9][0-9]')
),
read AS (
  SELECT s.customer_id, s.kind, s.status, e.moment AS ended, b.moment AS began
  FROM services s
  LEFT JOIN moments e ON e.id = s.id AND e.what = 'ended'
  LEFT JOIN moments b ON b.id = s.id AND b.what = 'began'
),
services_seen AS (
  SELECT customer_id,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND ended >= :earliest AND ended < :cutoff
               AND (began IS NULL OR began <= ended)
              THEN 0 ELSE 1 END AS in_the_way,
         CASE WHEN replace(status, 'closed', '') = '' AND length(status) = 6
               AND (ended IS NULL OR ended < :earliest OR (began > ended AND ended < :tonight))
              THEN 1 ELSE 0 END AS undatable
  FROM read
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
