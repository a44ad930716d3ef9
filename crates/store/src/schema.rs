//! The tables as the newest migration leaves them, written by hand.

diesel::table! {
    accounts (id) {
        id -> Uuid,
        email -> Text,
        tier -> Text,
        state -> Text,
        is_admin -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        name -> Text,
        overrides -> Jsonb,
        global_delivery -> Bool,
        state_reason -> Text,
        previous_tier -> Nullable<Text>,
        target_tier -> Nullable<Text>,
        storage_bytes_at_transition -> BigInt,
        storage_cap_bytes_at_transition -> BigInt,
        warning_count -> Integer,
        last_active_at -> Timestamptz,
        stored_bytes -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Nullable<Text>,
        email_verified_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    members (account_id, user_id) {
        account_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        joined_at -> Timestamptz,
    }
}

diesel::table! {
    invitations (id) {
        id -> Uuid,
        account_id -> Uuid,
        email -> Text,
        role -> Text,
        token_hash -> Bytea,
        invited_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        account_id -> Uuid,
        refresh_id -> Uuid,
        user_agent -> Text,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    email_tokens (hash) {
        hash -> Bytea,
        user_id -> Uuid,
        purpose -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    intents (hash) {
        hash -> Bytea,
        user_id -> Uuid,
        account_id -> Uuid,
        action -> Text,
        object -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        account_id -> Nullable<Uuid>,
        actor_id -> Nullable<Uuid>,
        actor -> Text,
        action -> Text,
        object -> Text,
        details -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    access_requests (id) {
        id -> Uuid,
        account_id -> Nullable<Uuid>,
        email -> Text,
        name -> Text,
        company -> Text,
        plan -> Text,
        message -> Text,
        created_at -> Timestamptz,
        handled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    mails (id) {
        id -> BigInt,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        created_at -> Timestamptz,
        attempts -> Integer,
        next_attempt_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
        gave_up_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    credit_buckets (account_id, period, kind) {
        account_id -> Uuid,
        period -> Text,
        kind -> Text,
        granted -> BigInt,
        used -> BigInt,
        reserved -> BigInt,
        overage -> BigInt,
    }
}

diesel::table! {
    reservations (job_id, kind) {
        job_id -> Uuid,
        kind -> Text,
        monthly -> BigInt,
        topup -> BigInt,
        overage -> BigInt,
    }
}

diesel::table! {
    topups (id) {
        id -> Uuid,
        account_id -> Uuid,
        kind -> Text,
        amount -> BigInt,
        source -> Text,
        reference -> Nullable<Text>,
        note -> Text,
        granted_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    quota_alerts (account_id, kind, period, threshold) {
        account_id -> Uuid,
        kind -> Text,
        period -> Text,
        threshold -> Integer,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    // No primary key: `api_key_id` is NULL for sessions. `daily_usage_row` is unique.
    daily_usage (account_id, day) {
        account_id -> Uuid,
        api_key_id -> Nullable<Uuid>,
        day -> Date,
        requests -> BigInt,
        refused -> BigInt,
        failed -> BigInt,
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
        suspended_at -> Nullable<Timestamptz>,
        suspended_reason -> Nullable<Text>,
        rate_per_minute -> Nullable<Integer>,
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
        site -> Nullable<Text>,
        adaptive -> Bool,
        commit_refused -> Bool,
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
        job_id -> Nullable<Uuid>,
        account_id -> Uuid,
        api_key_id -> Nullable<Uuid>,
        month -> Date,
        images -> Integer,
        source_bytes -> BigInt,
        result_bytes -> BigInt,
        created_at -> Timestamptz,
        kind -> Text,
        ai_credits -> BigInt,
        topup_images -> BigInt,
        topup_source_bytes -> BigInt,
        topup_result_bytes -> BigInt,
        topup_ai -> BigInt,
        overage_images -> BigInt,
        overage_source_bytes -> BigInt,
        overage_result_bytes -> BigInt,
        site -> Nullable<Text>,
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
diesel::joinable!(members -> accounts (account_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(reservations -> jobs (job_id));
diesel::joinable!(sources -> accounts (account_id));
diesel::joinable!(jobs -> sources (source_id));
diesel::joinable!(results -> sources (source_id));
diesel::joinable!(results -> jobs (job_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    users,
    members,
    invitations,
    sessions,
    email_tokens,
    intents,
    audit_log,
    access_requests,
    mails,
    api_keys,
    credit_buckets,
    reservations,
    topups,
    quota_alerts,
    daily_usage,
    sources,
    jobs,
    results,
    outbox,
    ledger,
    events,
);
