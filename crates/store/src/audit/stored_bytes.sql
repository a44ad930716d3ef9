-- The Storage Library holds the kept results, and the sources that are kept with them, each once.
SELECT accounts.id AS account, '' AS period, 'storage' AS subject,
    (kept.bytes + originals.bytes)::bigint AS expected, accounts.stored_bytes AS found
FROM accounts
CROSS JOIN LATERAL (
    SELECT coalesce(sum(byte_size), 0) AS bytes FROM results
    WHERE results.account_id = accounts.id AND storage_commit
) AS kept
CROSS JOIN LATERAL (
    SELECT coalesce(sum(byte_size), 0) AS bytes FROM sources
    WHERE sources.account_id = accounts.id AND EXISTS (
        SELECT FROM results WHERE source_id = sources.id AND storage_commit AND keep_original)
) AS originals
WHERE accounts.stored_bytes <> kept.bytes + originals.bytes
