-- A result that was made costs one image; one that existed costs none.
SELECT account_id AS account, to_char(month, 'YYYY-MM') AS period,
    coalesce(job_id::text, 'row ' || id) AS subject,
    (kind = 'result')::int::bigint AS expected, images::bigint AS found
FROM ledger
WHERE images <> (kind = 'result')::int
