# shellcheck shell=bash
# shellcheck disable=SC2034 # BASE_URL and SERVERS are for scripts/up
# The environment of a local installation. What the caller has set wins.

# up_secrets FILE: random once, the same ever after; image ids and sessions depend on them.
up_secrets() {
    local name
    if [[ ! -s $1 ]]; then
        (
            umask 077
            for name in IMAGE_ID_SECRET JWT_SECRET UP_S3_SECRET; do
                printf '%s=%s\n' "$name" "$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')"
            done >"$1.new"
            mv "$1.new" "$1"
        )
    fi
}

# up_secret FILE NAME
up_secret() {
    sed -n "s/^$2=//p" "$1"
}

# up_settings SECRETS: exports every variable the services need, and lists in SERVERS the private servers
# that nobody has replaced by an address.
up_settings() {
    local secrets=$1
    SERVERS=()
    [[ -n ${DATABASE_URL:-} ]] || SERVERS+=(postgres)
    [[ -n ${REDIS_URL:-} ]] || SERVERS+=(redis)
    [[ -n ${AMQP_URL:-} ]] || SERVERS+=(rabbitmq)
    if [[ -z ${S3_ENDPOINT:-} ]]; then
        SERVERS+=(s3)
        export S3_ACCESS_KEY_ID=optimagio S3_SECRET_ACCESS_KEY
        S3_SECRET_ACCESS_KEY=$(up_secret "$secrets" UP_S3_SECRET)
    fi
    POSTGRES_PORT=${UP_POSTGRES_PORT:-15432}
    REDIS_PORT=${UP_REDIS_PORT:-16379}
    AMQP_PORT=${UP_AMQP_PORT:-15673}
    S3_PORT=${UP_S3_PORT:-19000}
    export DATABASE_URL=${DATABASE_URL:-postgres://postgres@127.0.0.1:$POSTGRES_PORT/postgres}
    export REDIS_URL=${REDIS_URL:-redis://127.0.0.1:$REDIS_PORT}
    export AMQP_URL=${AMQP_URL:-amqp://guest:guest@127.0.0.1:$AMQP_PORT/%2f}
    export S3_ENDPOINT=${S3_ENDPOINT:-http://127.0.0.1:$S3_PORT}
    export S3_REGION=${S3_REGION:-us-east-1} S3_BUCKET=${S3_BUCKET:-optimagio}
    export GATEWAY_LISTEN=${GATEWAY_LISTEN:-127.0.0.1:8080}
    export GATEWAY_METRICS_LISTEN=${GATEWAY_METRICS_LISTEN:-127.0.0.1:9101}
    export WORKER_METRICS_LISTEN=${WORKER_METRICS_LISTEN:-127.0.0.1:9102}
    export BATCH_STATUS_LISTEN=${BATCH_STATUS_LISTEN:-127.0.0.1:8081}
    export BATCH_STATUS_METRICS_LISTEN=${BATCH_STATUS_METRICS_LISTEN:-127.0.0.1:9103}
    export BATCH_STATUS_URL=${BATCH_STATUS_URL:-http://127.0.0.1:${BATCH_STATUS_LISTEN##*:}}
    IMAGE_ID_SECRET=${IMAGE_ID_SECRET:-$(up_secret "$secrets" IMAGE_ID_SECRET)}
    JWT_SECRET=${JWT_SECRET:-$(up_secret "$secrets" JWT_SECRET)}
    export IMAGE_ID_SECRET JWT_SECRET
    BASE_URL=http://127.0.0.1:${GATEWAY_LISTEN##*:}
    export PUBLIC_BASE_URL=${PUBLIC_BASE_URL:-$BASE_URL}
    # Without a mail server mails are files that people can read.
    [[ -n ${MAIL_SMTP_URL:-} ]] || export MAIL_DIRECTORY=${MAIL_DIRECTORY:-$PROJECT/.run/mail}
}

SETTINGS=(DATABASE_URL REDIS_URL AMQP_URL S3_ENDPOINT S3_REGION S3_BUCKET S3_ACCESS_KEY_ID
    S3_SECRET_ACCESS_KEY GATEWAY_LISTEN GATEWAY_METRICS_LISTEN WORKER_METRICS_LISTEN BATCH_STATUS_LISTEN
    BATCH_STATUS_METRICS_LISTEN BATCH_STATUS_URL IMAGE_ID_SECRET JWT_SECRET PUBLIC_BASE_URL MAIL_DIRECTORY
    PLAN_CATALOGUE)

# up_settings_file FILE: for a shell that wants to run optimagio against this installation.
up_settings_file() {
    local name
    (
        umask 077
        for name in "${SETTINGS[@]}"; do
            printf '%s=%q\n' "$name" "${!name:-}"
        done >"$1"
    )
}
