-- What a bucket says was sold beyond it is what the ledger says.
WITH booked AS (
    SELECT ledger.account_id, to_char(ledger.month, 'YYYY-MM') AS period, part.kind,
        sum(part.overage)::bigint AS overage
    FROM ledger
    CROSS JOIN LATERAL (VALUES
        ('images', overage_images), ('source_bytes', overage_source_bytes), ('result_bytes', overage_result_bytes)
    ) AS part (kind, overage)
    GROUP BY 1, 2, 3
)
SELECT account_id AS account, period, kind AS subject,
    coalesce(booked.overage, 0) AS expected, coalesce(bucket.overage, 0) AS found
FROM booked
FULL JOIN credit_buckets AS bucket USING (account_id, period, kind)
WHERE coalesce(booked.overage, 0) <> coalesce(bucket.overage, 0)
