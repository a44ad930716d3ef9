-- What a bucket says is set aside is what unfinished jobs have set aside.
WITH part AS (
    SELECT jobs.account_id, part.period, reservations.kind, part.amount
    FROM reservations
    JOIN jobs ON jobs.id = reservations.job_id AND jobs.state IN ('queued', 'processing')
    CROSS JOIN LATERAL (VALUES
        (to_char(jobs.reserved_month, 'YYYY-MM'), reservations.monthly), ('topup', reservations.topup)
    ) AS part (period, amount)
), booked AS (
    SELECT account_id, period, kind, sum(amount)::bigint AS reserved FROM part GROUP BY account_id, period, kind
)
SELECT account_id AS account, period, kind AS subject,
    coalesce(booked.reserved, 0) AS expected, coalesce(bucket.reserved, 0) AS found
FROM booked
FULL JOIN credit_buckets AS bucket USING (account_id, period, kind)
WHERE coalesce(booked.reserved, 0) <> coalesce(bucket.reserved, 0)
