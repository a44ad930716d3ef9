-- A job that has ended or is paused has set nothing aside.
SELECT jobs.account_id AS account, to_char(jobs.reserved_month, 'YYYY-MM') AS period,
    jobs.id || ' ' || reservations.kind AS subject, 0::bigint AS expected,
    reservations.monthly + reservations.topup + reservations.overage AS found
FROM reservations
JOIN jobs ON jobs.id = reservations.job_id
WHERE jobs.state NOT IN ('queued', 'processing')
