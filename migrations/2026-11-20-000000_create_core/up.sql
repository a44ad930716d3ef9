-- The main path: who asks, what came in, the work, what went out, and what it cost.

CREATE TABLE accounts (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email)),
    password_hash text,                       -- argon2id PHC string; NULL: no password login
    tier          text NOT NULL,
    state         text NOT NULL DEFAULT 'active',
    is_admin      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_email ON accounts (email);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts,
    label        text NOT NULL,
    prefix       text NOT NULL,               -- the first characters, to recognise a key by
    hash         bytea NOT NULL CHECK (octet_length(hash) = 32),   -- SHA-256 of the whole key
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE INDEX api_keys_account ON api_keys (account_id);

CREATE TABLE sources (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts,
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    byte_size    bigint NOT NULL CHECK (byte_size > 0),
    format       text NOT NULL,
    width        integer NOT NULL,
    height       integer NOT NULL,
    frames       integer NOT NULL,
    object_key   text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX sources_content ON sources (account_id, sha256);

CREATE TABLE jobs (
    id                uuid PRIMARY KEY,
    account_id        uuid NOT NULL REFERENCES accounts,
    api_key_id        uuid REFERENCES api_keys,
    source_id         uuid NOT NULL REFERENCES sources,
    image_id          text NOT NULL,          -- states the effective parameters
    class             text NOT NULL,
    state             text NOT NULL,
    attempt           integer NOT NULL DEFAULT 0,    -- fencing token: only the newest claim may end the job
    releases          integer NOT NULL DEFAULT 0,    -- claims given back because a server of ours was down
    lease_until       timestamptz,
    storage_commit    boolean NOT NULL,
    keep_original     boolean NOT NULL,
    original_filename text NOT NULL,
    src_url           text,
    reserved_month    date NOT NULL,          -- the month that pays, fixed when the job was accepted
    trace_context     jsonb NOT NULL DEFAULT '{}',
    error_code        text,
    error_message     text,
    timings           jsonb,
    created_at        timestamptz NOT NULL,
    enqueued_at       timestamptz NOT NULL,   -- when a message was last written for it
    started_at        timestamptz,
    finished_at       timestamptz,
    CHECK (state IN ('queued', 'processing', 'completed', 'failed')),
    CHECK ((state IN ('completed', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
-- Two identical requests at once do the work once.
CREATE UNIQUE INDEX jobs_live_image ON jobs (account_id, image_id) WHERE state IN ('queued', 'processing');
CREATE INDEX jobs_unfinished ON jobs (enqueued_at) WHERE state IN ('queued', 'processing');

CREATE TABLE results (
    image_id          text PRIMARY KEY,
    account_id        uuid NOT NULL REFERENCES accounts,
    job_id            uuid NOT NULL REFERENCES jobs,
    source_id         uuid NOT NULL REFERENCES sources,
    object_key        text NOT NULL,
    sha256            bytea NOT NULL CHECK (octet_length(sha256) = 32),
    byte_size         bigint NOT NULL CHECK (byte_size > 0),
    format            text NOT NULL,
    width             integer NOT NULL,
    height            integer NOT NULL,
    encoder           text NOT NULL,
    quality           real,
    reason            text,                   -- why nothing was gained, e.g. already_optimal
    storage_commit    boolean NOT NULL,
    keep_original     boolean NOT NULL,
    processed_at      timestamptz NOT NULL,
    expires_at        timestamptz             -- NULL: kept
);
CREATE INDEX results_account ON results (account_id, processed_at);
CREATE INDEX results_expiry ON results (expires_at) WHERE expires_at IS NOT NULL;

-- Messages that must reach the broker; a row is deleted when the broker has confirmed it.
CREATE TABLE outbox (
    id          bigserial PRIMARY KEY,
    job_id      uuid REFERENCES jobs,
    exchange    text NOT NULL,
    routing_key text NOT NULL,
    message_id  text NOT NULL,
    headers     jsonb NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX outbox_job ON outbox (job_id);

-- What was used. Exactly one row for a completed job, whatever delivery did.
CREATE TABLE ledger (
    id           bigserial PRIMARY KEY,
    job_id       uuid NOT NULL REFERENCES jobs,
    account_id   uuid NOT NULL REFERENCES accounts,
    api_key_id   uuid REFERENCES api_keys,
    month        date NOT NULL,
    images       integer NOT NULL CHECK (images >= 0),
    source_bytes bigint NOT NULL CHECK (source_bytes >= 0),
    result_bytes bigint NOT NULL CHECK (result_bytes >= 0),
    created_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX ledger_job ON ledger (job_id);
CREATE INDEX ledger_account_month ON ledger (account_id, month);

-- What happened, for analytics, webhooks and live progress.
CREATE TABLE events (
    id         bigserial PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    job_id     uuid REFERENCES jobs,
    kind       text NOT NULL,                 -- job.completed, job.failed, result.cached
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX events_account ON events (account_id, id);
