-- People, what they may do, what they were sent, and every credit.

-- A person who can log in. An account keeps an address of its own: where the service writes to.
CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text NOT NULL CHECK (email = lower(email)),
    password_hash     text,                       -- argon2id PHC string; NULL: no password login
    email_verified_at timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE members (
    account_id uuid NOT NULL REFERENCES accounts,
    user_id    uuid NOT NULL REFERENCES users,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, user_id)
);
CREATE UNIQUE INDEX members_one_owner ON members (account_id) WHERE role = 'owner';
CREATE INDEX members_user ON members (user_id);

-- Until now an account was one person.
INSERT INTO users (id, email, password_hash, created_at, updated_at)
    SELECT id, email, password_hash, created_at, updated_at FROM accounts;
INSERT INTO members (account_id, user_id, role, joined_at) SELECT id, id, 'owner', created_at FROM accounts;

ALTER TABLE accounts
    DROP COLUMN password_hash,
    ADD COLUMN name                            text NOT NULL DEFAULT '',
    ADD COLUMN overrides                       jsonb NOT NULL DEFAULT '{}',  -- limit -> number or null (none)
    ADD COLUMN global_delivery                 boolean NOT NULL DEFAULT false,
    ADD COLUMN state_reason                    text NOT NULL DEFAULT '',
    ADD COLUMN previous_tier                   text,
    ADD COLUMN target_tier                     text,
    ADD COLUMN storage_bytes_at_transition     bigint NOT NULL DEFAULT 0,
    ADD COLUMN storage_cap_bytes_at_transition bigint NOT NULL DEFAULT 0,
    ADD COLUMN warning_count                   integer NOT NULL DEFAULT 0,
    ADD COLUMN last_active_at                  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN stored_bytes                    bigint NOT NULL DEFAULT 0 CHECK (stored_bytes >= 0),
    ADD CHECK (state IN ('active', 'past_due', 'cancelled', 'suspended', 'archived'));

CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL REFERENCES accounts,
    email       text NOT NULL CHECK (email = lower(email)),
    role        text NOT NULL CHECK (role IN ('admin', 'member')),
    token_hash  bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    invited_by  uuid REFERENCES users,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at  timestamptz
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE UNIQUE INDEX invitations_open ON invitations (account_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- One log-in. A refresh token is used once: the row knows the newest one only.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users,
    account_id   uuid NOT NULL REFERENCES accounts,
    refresh_id   uuid NOT NULL,                   -- jti of the refresh token that is valid
    user_agent   text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Links that were mailed: each works once.
CREATE TABLE email_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    user_id    uuid NOT NULL REFERENCES users,
    purpose    text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX email_tokens_user ON email_tokens (user_id);

-- Leave for one mutation, given to one person for one object.
CREATE TABLE intents (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    user_id    uuid NOT NULL REFERENCES users,
    account_id uuid NOT NULL REFERENCES accounts,
    action     text NOT NULL,
    object     text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

-- Who did what to whom. Never changed, never deleted by the service.
CREATE TABLE audit_log (
    id         bigserial PRIMARY KEY,
    account_id uuid REFERENCES accounts,          -- whom it is about
    actor_id   uuid REFERENCES users,             -- NULL: the service or an operator at the command line
    actor      text NOT NULL CHECK (actor IN ('user', 'operator', 'system')),
    action     text NOT NULL,                     -- key.suspended, tier.changed, …
    object     text NOT NULL,
    details    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
CREATE INDEX audit_log_account ON audit_log (account_id, id);

CREATE TABLE access_requests (
    id         uuid PRIMARY KEY,
    account_id uuid REFERENCES accounts,
    email      text NOT NULL,
    name       text NOT NULL,
    company    text NOT NULL,
    plan       text NOT NULL,
    message    text NOT NULL,
    created_at timestamptz NOT NULL,
    handled_at timestamptz
);

-- Mails that must be sent, written in the transaction that causes them.
CREATE TABLE mails (
    id              bigserial PRIMARY KEY,
    recipient       text NOT NULL,
    subject         text NOT NULL,
    body            text NOT NULL,
    created_at      timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    sent_at         timestamptz,
    gave_up_at      timestamptz,
    last_error      text
);
CREATE INDEX mails_due ON mails (next_attempt_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;

ALTER TABLE api_keys
    ADD COLUMN suspended_at     timestamptz,
    ADD COLUMN suspended_reason text,
    ADD COLUMN rate_per_minute  integer CHECK (rate_per_minute > 0);  -- in the place of the plan's rate of a key

-- Credits. One row for each account, period ('2026-11', or 'topup' for what was bought) and kind.
CREATE TABLE credit_buckets (
    account_id uuid NOT NULL REFERENCES accounts,
    period     text NOT NULL CHECK (period = 'topup' OR period ~ '^[0-9]{4}-[0-9]{2}$'),
    kind       text NOT NULL CHECK (kind IN ('images', 'source_bytes', 'result_bytes', 'ai')),
    granted    bigint NOT NULL DEFAULT 0 CHECK (granted >= 0),    -- of top-ups only: a month's limit is the plan's
    used       bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved   bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    overage    bigint NOT NULL DEFAULT 0 CHECK (overage >= 0),    -- sold beyond the month and the top-ups, settled
    PRIMARY KEY (account_id, period, kind),
    CHECK (period <> 'topup' OR (used + reserved <= granted AND overage = 0))
);

-- What an unfinished job has set aside, until it is settled or released.
CREATE TABLE reservations (
    job_id  uuid NOT NULL REFERENCES jobs,
    kind    text NOT NULL CHECK (kind IN ('images', 'source_bytes')),
    monthly bigint NOT NULL CHECK (monthly >= 0),
    topup   bigint NOT NULL CHECK (topup >= 0),
    overage bigint NOT NULL CHECK (overage >= 0),
    PRIMARY KEY (job_id, kind)
);

CREATE TABLE topups (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    kind       text NOT NULL CHECK (kind IN ('images', 'source_bytes', 'result_bytes', 'ai')),
    amount     bigint NOT NULL CHECK (amount > 0),
    source     text NOT NULL CHECK (source IN ('admin', 'payment')),
    reference  text,                              -- the payment's id: a second notice of it grants nothing
    note       text NOT NULL,
    granted_by uuid REFERENCES users,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX topups_reference ON topups (reference) WHERE reference IS NOT NULL;
CREATE INDEX topups_account ON topups (account_id, created_at);

-- A warning is given once for each threshold and period.
CREATE TABLE quota_alerts (
    account_id uuid NOT NULL REFERENCES accounts,
    kind       text NOT NULL CHECK (kind IN ('images', 'source_bytes', 'result_bytes', 'ai', 'storage')),
    period     text NOT NULL,
    threshold  integer NOT NULL CHECK (threshold > 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, kind, period, threshold)
);

-- Every use, cache hits too; their bytes are bandwidth and their images are none.
ALTER TABLE ledger
    ALTER COLUMN job_id DROP NOT NULL,
    ADD COLUMN kind                 text NOT NULL DEFAULT 'result' CHECK (kind IN ('result', 'cached', 'ai')),
    ADD COLUMN ai_credits           bigint NOT NULL DEFAULT 0 CHECK (ai_credits >= 0),
    ADD COLUMN topup_images         bigint NOT NULL DEFAULT 0,
    ADD COLUMN topup_source_bytes   bigint NOT NULL DEFAULT 0,
    ADD COLUMN topup_result_bytes   bigint NOT NULL DEFAULT 0,
    ADD COLUMN topup_ai             bigint NOT NULL DEFAULT 0,
    ADD COLUMN overage_images       bigint NOT NULL DEFAULT 0,
    ADD COLUMN overage_source_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN overage_result_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN site                 text,         -- what the caller says the use is for, or the page it came from
    ADD CHECK ((kind = 'result') = (job_id IS NOT NULL));
CREATE INDEX ledger_account_day ON ledger (account_id, created_at);

-- What was used until now, in the buckets.
INSERT INTO credit_buckets (account_id, period, kind, used)
    SELECT account_id, to_char(month, 'YYYY-MM'), 'images', sum(images) FROM ledger GROUP BY 1, 2
    UNION ALL
    SELECT account_id, to_char(month, 'YYYY-MM'), 'source_bytes', sum(source_bytes) FROM ledger GROUP BY 1, 2
    UNION ALL
    SELECT account_id, to_char(month, 'YYYY-MM'), 'result_bytes', sum(result_bytes) FROM ledger GROUP BY 1, 2;

-- Jobs that wait for credits. They hold the place of their image, and nothing is reserved for them.
ALTER TABLE jobs
    ADD COLUMN site     text,
    ADD COLUMN adaptive boolean NOT NULL DEFAULT false,   -- compressed harder than asked, because of load
    ADD COLUMN commit_refused boolean NOT NULL DEFAULT false,  -- the Storage Library was full
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check
        CHECK (state IN ('queued', 'processing', 'quota_paused', 'completed', 'failed'));
DROP INDEX jobs_live_image;
CREATE UNIQUE INDEX jobs_live_image ON jobs (account_id, image_id)
    WHERE state IN ('queued', 'processing', 'quota_paused');
CREATE INDEX jobs_paused ON jobs (account_id, created_at, id) WHERE state = 'quota_paused';

-- Unfinished jobs of the version before have reserved nothing; they are settled without a reservation.

-- What the Storage Library holds.
UPDATE accounts SET stored_bytes = coalesce((
    SELECT sum(byte_size) FROM results WHERE results.account_id = accounts.id AND storage_commit), 0)::bigint;

-- Requests by day and key, for analytics; counted in memory and added from time to time.
CREATE TABLE daily_usage (
    account_id     uuid NOT NULL REFERENCES accounts,
    api_key_id     uuid REFERENCES api_keys,      -- NULL: sessions
    day            date NOT NULL,
    requests       bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0,     -- answered 429
    failed         bigint NOT NULL DEFAULT 0      -- answered 4xx or 5xx otherwise
);
CREATE UNIQUE INDEX daily_usage_row ON daily_usage (account_id, day, api_key_id) NULLS NOT DISTINCT;

-- The sources that are kept with results are in the Storage Library too, each once.
CREATE INDEX results_kept_source ON results (source_id) WHERE storage_commit AND keep_original;
UPDATE accounts SET stored_bytes = stored_bytes + coalesce((
    SELECT sum(byte_size) FROM sources WHERE sources.account_id = accounts.id AND EXISTS (
        SELECT FROM results WHERE source_id = sources.id AND storage_commit AND keep_original)), 0)::bigint;

-- Its rows change with every job, and none of what changes is indexed: room for the new versions on the page.
ALTER TABLE credit_buckets SET (fillfactor = 50);
