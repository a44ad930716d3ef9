DROP TABLE events, ledger, outbox, results, jobs, sources, api_keys, accounts;
