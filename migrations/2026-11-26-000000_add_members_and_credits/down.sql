DROP TABLE daily_usage;

DROP INDEX results_kept_source;
DROP INDEX jobs_paused;
DROP INDEX jobs_live_image;
UPDATE jobs SET state = 'failed', error_code = 'monthly_quota_exceeded', finished_at = now()
    WHERE state = 'quota_paused';
ALTER TABLE jobs
    DROP COLUMN site,
    DROP COLUMN adaptive,
    DROP COLUMN commit_refused,
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'processing', 'completed', 'failed'));
CREATE UNIQUE INDEX jobs_live_image ON jobs (account_id, image_id) WHERE state IN ('queued', 'processing');

DROP INDEX ledger_account_day;
DELETE FROM ledger WHERE job_id IS NULL;
ALTER TABLE ledger
    ALTER COLUMN job_id SET NOT NULL,
    DROP COLUMN kind,
    DROP COLUMN ai_credits,
    DROP COLUMN topup_images,
    DROP COLUMN topup_source_bytes,
    DROP COLUMN topup_result_bytes,
    DROP COLUMN topup_ai,
    DROP COLUMN overage_images,
    DROP COLUMN overage_source_bytes,
    DROP COLUMN overage_result_bytes,
    DROP COLUMN site;

DROP TABLE quota_alerts;
DROP TABLE topups;
DROP TABLE reservations;
DROP TABLE credit_buckets;

ALTER TABLE api_keys DROP COLUMN suspended_at, DROP COLUMN suspended_reason, DROP COLUMN rate_per_minute;

DROP TABLE mails;
DROP TABLE access_requests;
DROP TABLE audit_log;
DROP TABLE intents;
DROP TABLE email_tokens;
DROP TABLE sessions;
DROP TABLE invitations;

ALTER TABLE accounts
    ADD COLUMN password_hash text,
    DROP COLUMN name,
    DROP COLUMN overrides,
    DROP COLUMN global_delivery,
    DROP COLUMN state_reason,
    DROP COLUMN previous_tier,
    DROP COLUMN target_tier,
    DROP COLUMN storage_bytes_at_transition,
    DROP COLUMN storage_cap_bytes_at_transition,
    DROP COLUMN warning_count,
    DROP COLUMN last_active_at,
    DROP COLUMN stored_bytes,
    DROP CONSTRAINT accounts_state_check;
UPDATE accounts SET password_hash = users.password_hash
    FROM members JOIN users ON users.id = members.user_id
    WHERE members.account_id = accounts.id AND members.role = 'owner';
DROP TABLE members;
DROP TABLE users;
