-- A result that was made costs the bytes of its source; one that existed costs none.
SELECT ledger.account_id AS account, to_char(ledger.month, 'YYYY-MM') AS period,
    coalesce(ledger.job_id::text, 'row ' || ledger.id) AS subject,
    coalesce(sources.byte_size, 0) AS expected, ledger.source_bytes AS found
FROM ledger
LEFT JOIN jobs ON jobs.id = ledger.job_id
LEFT JOIN sources ON sources.id = jobs.source_id
WHERE ledger.source_bytes <> coalesce(sources.byte_size, 0)
