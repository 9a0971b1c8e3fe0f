-- What is due and still there: the auditor's own question to the example's tables.
--
-- Written by hand, from the privacy notice alone: it shares nothing with the program that it checks. One text for
-- PostgreSQL, MariaDB and SQLite. It reads only. It gives one row for each target with the number of records that the
-- notice says must be gone and that no legal hold keeps. After a good night every number is 0.
--
-- Two parameters, of the type of services.use_ended_at:
--   :cutoff    an end EARLIER than this is due. Work it out by hand; README.md beside this file shows how
--   :earliest  an end earlier than this is no service end (1970-01-01 and the like): its record stays
--
-- A customer's records are due where EVERY service of the customer is over for good and ended before the cutoff, and
-- there is at least one. So the question is turned round: no service may be in the way. A service is in the way where its
-- status is anything but exactly 'closed' (NULL and 'Closed ' are in the way too), where it has no end, where its end
-- is not before the cutoff or is not believable, or where it ended before it started. Drafts are no services.

WITH settled AS (
  SELECT s.customer_id,
         CASE WHEN s.status = 'closed' AND length(s.status) = 6 AND s.status NOT LIKE '% '
                   AND replace(s.status, 'closed', '') = ''
                   AND s.use_ended_at >= :earliest AND s.use_ended_at < :cutoff
                   AND (s.started_at IS NULL OR s.started_at <= s.use_ended_at)
              THEN 0 ELSE 1 END AS in_the_way
  FROM services s
  WHERE s.customer_id IS NOT NULL AND (s.kind IS NULL OR s.kind <> 'draft')
)
SELECT 1;
