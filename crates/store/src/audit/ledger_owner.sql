-- A row belongs to the account and the month of its job.
SELECT ledger.account_id AS account, to_char(ledger.month, 'YYYY-MM') AS period, ledger.job_id::text AS subject,
    0::bigint AS expected, 1::bigint AS found
FROM ledger
JOIN jobs ON jobs.id = ledger.job_id
WHERE ledger.account_id <> jobs.account_id OR ledger.month <> jobs.reserved_month
