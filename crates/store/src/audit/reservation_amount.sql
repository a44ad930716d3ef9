-- An unfinished job that has set anything aside has set aside one image and the bytes of its source.
SELECT jobs.account_id AS account, to_char(jobs.reserved_month, 'YYYY-MM') AS period,
    jobs.id || ' ' || cost.kind AS subject, cost.amount AS expected,
    coalesce(reserved.monthly + reserved.topup + reserved.overage, 0) AS found
FROM jobs
JOIN sources ON sources.id = jobs.source_id
CROSS JOIN LATERAL (VALUES ('images', 1::bigint), ('source_bytes', sources.byte_size)) AS cost (kind, amount)
LEFT JOIN reservations AS reserved ON reserved.job_id = jobs.id AND reserved.kind = cost.kind
WHERE jobs.state IN ('queued', 'processing')
    AND EXISTS (SELECT FROM reservations WHERE reservations.job_id = jobs.id)
    AND coalesce(reserved.monthly + reserved.topup + reserved.overage, 0) <> cost.amount
