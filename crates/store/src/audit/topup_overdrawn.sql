-- Nobody spends more than was granted.
SELECT account_id AS account, period, kind AS subject, granted AS expected, used + reserved AS found
FROM credit_buckets
WHERE period = 'topup' AND used + reserved > granted
