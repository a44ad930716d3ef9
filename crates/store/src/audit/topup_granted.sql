-- What a bucket says was granted is the sum of the top-ups; a month's bucket is granted nothing.
WITH booked AS (
    SELECT account_id, 'topup' AS period, kind, sum(amount)::bigint AS granted FROM topups GROUP BY account_id, kind
)
SELECT account_id AS account, period, kind AS subject,
    coalesce(booked.granted, 0) AS expected, coalesce(bucket.granted, 0) AS found
FROM booked
FULL JOIN credit_buckets AS bucket USING (account_id, period, kind)
WHERE coalesce(booked.granted, 0) <> coalesce(bucket.granted, 0)
