# shellcheck shell=bash
# The project's S3 server for development (crates/testkit, binary dev-s3): objects are plain files.

s3_binary() {
    local target=${CARGO_TARGET_DIR:-$HOME/.cache/optimagio/target} candidate
    for candidate in "${DEV_S3:-}" "$target/release/dev-s3" "$target/debug/dev-s3"; do
        if [[ -x $candidate ]]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "dev-s3 is not built: run cargo build -p optimagio-testkit --bin dev-s3"
}

# s3_start DIR PORT. The keys travel in the environment: arguments are visible to every user.
s3_start() {
    local binary
    binary=$(s3_binary) || exit 1
    mkdir -p "$1/objects"
    process_spawn "$1/pid" "$1/log" env \
        "S3_ACCESS_KEY_ID=${S3_ACCESS_KEY_ID:-optimagio}" \
        "S3_SECRET_ACCESS_KEY=${S3_SECRET_ACCESS_KEY:-optimagio-secret}" \
        "$binary" --listen "127.0.0.1:$2" --root "$1/objects" ${S3_BUCKET:+--bucket "$S3_BUCKET"}
}

s3_answers() {
    answers_http "$1"
}

s3_stop() {
    process_stop "$1/pid" TERM 10
}

s3_ports() {
    printf '%s\n' "$1"
}
