-- The result is as large as was charged, unless a later job has put another in its place.
SELECT ledger.account_id AS account, to_char(ledger.month, 'YYYY-MM') AS period, ledger.job_id::text AS subject,
    results.byte_size AS expected, ledger.result_bytes AS found
FROM ledger
JOIN results ON results.job_id = ledger.job_id
WHERE ledger.result_bytes <> results.byte_size
