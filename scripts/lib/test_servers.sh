# shellcheck shell=bash
# The servers that all tests share, in one directory with an env file that tells where they are.

# test_servers_kept DIR: whether scripts/test --keep has left all of them running.
test_servers_kept() {
    [[ -e $1/kept && -s $1/env ]] && "$PROJECT/scripts/servers" status --dir "$1" >/dev/null
}

# test_servers_start DIR: what a killed run has left there is removed first.
test_servers_start() {
    local base
    test_servers_stop "$1" >/dev/null
    mkdir -p "$1"
    process_record "$1/owner" $$
    base=$(free_ports 6) || exit 1
    SERVERS_FSYNC=off S3_ACCESS_KEY_ID=optimagio S3_SECRET_ACCESS_KEY=optimagio-secret \
        "$PROJECT/scripts/servers" start --dir "$1" --port-base "$base"
    test_servers_env "$base" >"$1/env"
}

test_servers_env() {
    cat <<VARIABLES
TEST_DATABASE_URL=postgres://postgres@127.0.0.1:$1/postgres
TEST_REDIS_URL=redis://127.0.0.1:$(($1 + 1))
TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:$(($1 + 3))/%2f
TEST_S3_ENDPOINT=http://127.0.0.1:$(($1 + 2))
TEST_S3_REGION=us-east-1
TEST_S3_ACCESS_KEY_ID=optimagio
TEST_S3_SECRET_ACCESS_KEY=optimagio-secret
VARIABLES
}

# test_servers_stop DIR: stops them and removes all they have written.
test_servers_stop() {
    [[ -d $1 ]] || return 0
    "$PROJECT/scripts/servers" stop --dir "$1" || true
    # The data of PostgreSQL may live elsewhere (lib/postgres.sh).
    [[ ! -L $1/postgres/data ]] || rm -rf "$(readlink -f "$1/postgres/data")"
    rm -rf "$1"
}
