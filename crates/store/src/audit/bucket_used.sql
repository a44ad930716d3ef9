-- What a bucket says is used is what the ledger says: the month's less the parts from elsewhere, and the top-ups'
-- parts of all months.
WITH part AS (
    SELECT ledger.account_id, to_char(ledger.month, 'YYYY-MM') AS month, part.*
    FROM ledger
    CROSS JOIN LATERAL (VALUES
        ('images', images::bigint, topup_images, overage_images),
        ('source_bytes', source_bytes, topup_source_bytes, overage_source_bytes),
        ('result_bytes', result_bytes, topup_result_bytes, overage_result_bytes),
        ('ai', ai_credits, topup_ai, 0)
    ) AS part (kind, total, topup, overage)
), booked AS (
    SELECT account_id, month AS period, kind, sum(total - topup - overage)::bigint AS used
    FROM part GROUP BY account_id, month, kind
    UNION ALL
    SELECT account_id, 'topup', kind, sum(topup)::bigint FROM part GROUP BY account_id, kind
)
SELECT account_id AS account, period, kind AS subject,
    coalesce(booked.used, 0) AS expected, coalesce(bucket.used, 0) AS found
FROM booked
FULL JOIN credit_buckets AS bucket USING (account_id, period, kind)
WHERE coalesce(booked.used, 0) <> coalesce(bucket.used, 0)
