-- What came from top-ups and overage is a part of what was used.
SELECT ledger.account_id AS account, to_char(ledger.month, 'YYYY-MM') AS period,
    coalesce(ledger.job_id::text, 'row ' || ledger.id) || ' ' || part.kind AS subject,
    part.total AS expected, part.topup + part.overage AS found
FROM ledger
CROSS JOIN LATERAL (VALUES
    ('images', images::bigint, topup_images, overage_images),
    ('source_bytes', source_bytes, topup_source_bytes, overage_source_bytes),
    ('result_bytes', result_bytes, topup_result_bytes, overage_result_bytes),
    ('ai', ai_credits, topup_ai, 0)
) AS part (kind, total, topup, overage)
WHERE part.topup < 0 OR part.overage < 0 OR part.topup + part.overage > part.total
