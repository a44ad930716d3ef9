//! The tables as the newest migration leaves them, written by hand.

diesel::table! {
    accounts (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Nullable<Text>,
        tier -> Text,
        state -> Text,
        is_admin -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        account_id -> Uuid,
        label -> Text,
        prefix -> Text,
        hash -> Bytea,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sources (id) {
        id -> Uuid,
        account_id -> Uuid,
        sha256 -> Bytea,
        byte_size -> BigInt,
        format -> Text,
        width -> Integer,
        height -> Integer,
        frames -> Integer,
        object_key -> Text,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        account_id -> Uuid,
        api_key_id -> Nullable<Uuid>,
        source_id -> Uuid,
        image_id -> Text,
        class -> Text,
        state -> Text,
        attempt -> Integer,
        releases -> Integer,
        lease_until -> Nullable<Timestamptz>,
        storage_commit -> Bool,
        keep_original -> Bool,
        original_filename -> Text,
        src_url -> Nullable<Text>,
        reserved_month -> Date,
        trace_context -> Jsonb,
        options -> Jsonb,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        error_field -> Nullable<Text>,
        timings -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        enqueued_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    results (image_id) {
        image_id -> Text,
        account_id -> Uuid,
        job_id -> Uuid,
        source_id -> Uuid,
        object_key -> Text,
        sha256 -> Bytea,
        byte_size -> BigInt,
        format -> Text,
        width -> Integer,
        height -> Integer,
        encoder -> Text,
        quality -> Nullable<Float>,
        score -> Nullable<Float>,
        placeholder -> Nullable<Jsonb>,
        reason -> Nullable<Text>,
        storage_commit -> Bool,
        keep_original -> Bool,
        processed_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        job_id -> Nullable<Uuid>,
        exchange -> Text,
        routing_key -> Text,
        message_id -> Text,
        headers -> Jsonb,
        body -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    ledger (id) {
        id -> BigInt,
        job_id -> Uuid,
        account_id -> Uuid,
        api_key_id -> Nullable<Uuid>,
        month -> Date,
        images -> Integer,
        source_bytes -> BigInt,
        result_bytes -> BigInt,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        account_id -> Uuid,
        job_id -> Nullable<Uuid>,
        kind -> Text,
        payload -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(api_keys -> accounts (account_id));
diesel::joinable!(sources -> accounts (account_id));
diesel::joinable!(jobs -> sources (source_id));
diesel::joinable!(results -> sources (source_id));
diesel::joinable!(results -> jobs (job_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts, api_keys, sources, jobs, results, outbox, ledger, events
);
