-- What was removed by one run, with everything that is known of each record. Written by hand; reads only.
-- PostgreSQL: our tables stand in a schema of their own: sed 's/carddata_/carddata./g'
SELECT
    t.target,
    t.record_key,
    t.status,
    b.disposition,
    b.fields,
    d.ended_at AS service_end,
    d.start_day,
    d.last_retained_day,
    d.first_purgeable_day,
    d.rule,
    r.policy_version,
    b.removed_at AS purged_at,
    t.batch_no
FROM carddata_tombstone AS t
JOIN carddata_batch AS b
    ON b.run_id = t.run_id AND b.target = t.target AND b.batch_no = t.batch_no
JOIN carddata_run AS r
    ON r.run_id = t.run_id
LEFT JOIN carddata_deadline AS d  -- a granted request may concern a record without an end
    ON d.run_id = t.run_id AND d.service_end = t.service_end
WHERE t.run_id = :run_id
ORDER BY t.target, t.seq;
