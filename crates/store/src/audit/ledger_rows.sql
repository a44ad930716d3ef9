-- A completed job has one row, and no other job has any.
SELECT jobs.account_id AS account, to_char(jobs.reserved_month, 'YYYY-MM') AS period, jobs.id::text AS subject,
    (jobs.state = 'completed')::int::bigint AS expected, count(ledger.id) AS found
FROM jobs
LEFT JOIN ledger ON ledger.job_id = jobs.id
GROUP BY jobs.id
HAVING count(ledger.id) <> (jobs.state = 'completed')::int
